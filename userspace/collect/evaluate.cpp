// Mirrors bpf/lib/operations.bpf.h case by case.
#include "collect/evaluate.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "collect/group_path.hpp"

namespace collect {
namespace {

// Go never gives a string this long; a wrong length would read garbage.
constexpr std::uint64_t kLongestString = std::uint64_t{1} << 30;
constexpr std::size_t kLengthBytes = 2;

std::uint64_t extended(std::uint64_t value, unsigned size, bool is_signed) {
  if (size == 0 || size >= sizeof(value)) {
    return value;
  }
  const unsigned shift = 64 - size * 8;
  value <<= shift;
  return is_signed ? static_cast<std::uint64_t>(static_cast<std::int64_t>(value) >> shift) : value >> shift;
}

class Machine {
 public:
  Machine(const EvaluationInput* input, const ReadMemory* read) : input_(input), read_(read) {}

  Evaluation run() {
    for (const operation& code : input_->operations) {
      if (code.code == OP_END) {
        break;
      }
      if (!run_value(code) && !run_arithmetic(code) && !run_requirement(code) && !run_comparison(code)) {
        run_statement(code);
      }
    }
    return state_;
  }

 private:
  std::uint64_t& at(unsigned index) { return state_.registers[index % ABI_REGISTERS]; }

  static bool is_signed(const operation& code) { return (code.flags & OPERATION_SIGNED) != 0; }

  bool run_value(const operation& code) {
    switch (code.code) {
      case OP_BEGIN:
        state_.valid = true;
        return true;
      case OP_ARGUMENT:
        at(code.d) = code.a < input_->arguments.size() ? input_->arguments[code.a] : 0;
        state_.valid = state_.valid && !input_->arguments.empty();
        return true;
      case OP_CAPTURED:
        at(code.d) = captured(code.imm);
        return true;
      case OP_CONSTANT:
        at(code.d) = code.imm;
        return true;
      case OP_TYPE:
        at(code.d) = code.imm + input_->load_bias;
        return true;
      case OP_IN_FLIGHT:
        at(code.d) = input_->in_flight;
        return true;
      case OP_PANICKED:
        at(code.d) = input_->panicked ? 1 : 0;
        return true;
      case OP_LOAD: {
        std::uint64_t value = 0;
        load(code, std::as_writable_bytes(std::span(&value, 1)).first(std::min<std::size_t>(code.size, 8)));
        at(code.d) = extended(value, code.size, is_signed(code));
        return true;
      }
      case OP_LOAD_PAIR: {
        std::array<std::uint64_t, 2> pair{};
        load(code, std::as_writable_bytes(std::span(pair)));
        at(code.d) = pair[0];
        at(code.d + 1U) = pair[1];
        return true;
      }
      default:
        return false;
    }
  }

  bool run_arithmetic(const operation& code) {
    const std::uint64_t left = at(code.a);
    const std::uint64_t right = at(code.b);
    switch (code.code) {
      case OP_EXTEND:
        at(code.d) = extended(left, code.size, is_signed(code));
        return true;
      case OP_ADD:
        at(code.d) = left + right;
        return true;
      case OP_SUBTRACT:
        at(code.d) = left - right;
        return true;
      case OP_MULTIPLY:
        at(code.d) = left * right;
        return true;
      case OP_BIT_AND:
      case OP_AND:
        at(code.d) = left & right;
        return true;
      case OP_OR:
        at(code.d) = left | right;
        return true;
      case OP_NOT:
        at(code.d) = left == 0 ? 1 : 0;
        return true;
      case OP_DYNAMIC_TYPE:
        at(code.d) = left == 0 ? 0 : left - input_->load_bias;
        return true;
      case OP_CASE:
        at(code.d) = at(code.d) == 0 && left != 0 ? code.imm : at(code.d);
        return true;
      default:
        return false;
    }
  }

  bool run_requirement(const operation& code) {
    switch (code.code) {
      case OP_REQUIRE_EQUAL:
        state_.valid = state_.valid && at(code.a) == at(code.b);
        return true;
      case OP_REQUIRE_ABOVE:
        state_.valid = state_.valid && at(code.a) > code.imm;
        return true;
      case OP_REQUIRE:
        state_.valid = state_.valid && at(code.a) != 0;
        return true;
      default:
        return false;
    }
  }

  bool run_comparison(const operation& code) {
    const std::uint64_t left = at(code.a);
    const std::uint64_t right = at(code.b);
    bool holds = false;
    switch (code.code) {
      case OP_EQUAL:
        holds = left == right;
        break;
      case OP_NOT_EQUAL:
        holds = left != right;
        break;
      case OP_LESS:
        holds = static_cast<std::int64_t>(left) < static_cast<std::int64_t>(right);
        break;
      case OP_LESS_EQUAL:
        holds = static_cast<std::int64_t>(left) <= static_cast<std::int64_t>(right);
        break;
      case OP_BELOW:
        holds = left < right;
        break;
      case OP_BELOW_EQUAL:
        holds = left <= right;
        break;
      case OP_INTERFACE:
        holds = state_.valid && is_interface(left, right, code.imm + input_->load_bias);
        state_.unlikely_values += state_.valid && !holds ? 1 : 0;
        break;
      case OP_TRUTH:
        holds = left != 0;
        break;
      case OP_STRING_EQUAL:
        holds = state_.valid && right == code.size && has_text(code, left);
        break;
      case OP_STRING_PREFIX:
        holds = state_.valid && right >= code.size && right <= kLongestString && has_text(code, left);
        break;
      default:
        return false;
    }
    at(code.d) = state_.valid && holds ? 1 : 0;
    state_.valid = true;
    return true;
  }

  void run_statement(const operation& code) {
    if ((code.flags & OPERATION_IF_ABSENT) != 0 && !is_first(code)) {
      state_.valid = true;
      return;
    }
    if (code.code == OP_STORE) {
      const std::uint64_t value = state_.valid ? at(code.a) : 0;
      write(code.imm, std::as_bytes(std::span(&value, 1)).first(std::min<std::size_t>(code.size, 8)));
    } else if (code.code == OP_STORE_STRING) {
      store_string(code);
    } else {
      return;
    }
    state_.valid = true;
  }

  // Of several values for one place, the first that is valid: the byte before the place says whether there is
  // one.
  bool is_first(const operation& code) {
    if (!state_.valid || code.imm == 0 || code.imm > input_->values.size() ||
        input_->values[code.imm - 1] != std::byte{0}) {
      return false;
    }
    input_->values[code.imm - 1] = std::byte{1};
    return true;
  }

  void load(const operation& code, std::span<std::byte> to) {
    const std::uint64_t base = at(code.a);
    if (!state_.valid) {
      return;
    }
    if (base == 0) {
      state_.valid = false;
      return;
    }
    if (!(*read_)(base + code.imm, to)) {
      std::ranges::fill(to, std::byte{0});
      state_.valid = false;
      state_.failed_reads += (code.flags & OPERATION_OPTIONAL) != 0 ? 0 : 1;
    }
  }

  bool is_interface(std::uint64_t itab, std::uint64_t data, std::uint64_t type) {
    if (itab == 0) {
      return data == 0;
    }
    std::uint64_t found = 0;
    return (*read_)(itab, std::as_writable_bytes(std::span(&found, 1))) && found == type;
  }

  bool has_text(const operation& code, std::uint64_t address) {
    std::string found(code.size, '\0');
    if (!found.empty() && !(*read_)(address, std::as_writable_bytes(std::span(found)))) {
      ++state_.failed_reads;
      return false;
    }
    return code.imm <= input_->text.size() && input_->text.substr(code.imm, code.size) == found;
  }

  void store_string(const operation& code) {
    const std::uint64_t length = at(code.b);
    if (!state_.valid || length == 0) {
      return;
    }
    std::string kept(std::min<std::uint64_t>(length, code.text), '\0');
    if (length > kLongestString || !(*read_)(at(code.a), std::as_writable_bytes(std::span(kept)))) {
      ++state_.failed_reads;
      return;
    }
    auto stored = static_cast<std::uint16_t>(std::min<std::uint64_t>(length, 0xffff));
    if ((code.flags & OPERATION_GROUP_PATH) != 0) {
      const GroupedPath grouped = group_path(length > code.text ? kept + "/" : kept, code.text);
      kept.assign(grouped.text);
      stored = static_cast<std::uint16_t>(kept.size() | (grouped.is_cut ? GROUPED_CUT : 0));
    }
    write(code.imm, std::as_bytes(std::span(&stored, 1)));
    write(code.imm + kLengthBytes, std::as_bytes(std::span(kept)));
  }

  [[nodiscard]] std::uint64_t captured(std::uint64_t offset) const {
    std::uint64_t value = 0;
    if (offset <= input_->values.size() && input_->values.size() - offset >= sizeof(value)) {
      std::memcpy(&value, input_->values.data() + offset, sizeof(value));
    }
    return value;
  }

  void write(std::uint64_t offset, std::span<const std::byte> bytes) {
    if (offset <= input_->values.size() && input_->values.size() - offset >= bytes.size()) {
      std::ranges::copy(bytes, input_->values.begin() + static_cast<std::ptrdiff_t>(offset));
    }
  }

  const EvaluationInput* input_;  // the caller's
  const ReadMemory* read_;        // the caller's
  Evaluation state_;
};

}  // namespace

Evaluation evaluate(const EvaluationInput& input, const ReadMemory& read) {
  return Machine(&input, &read).run();
}

}  // namespace collect
