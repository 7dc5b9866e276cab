#include "inspect/go/inlined_site.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <set>

namespace inspect {
namespace {

using Flow = CodeInstruction::Flow;

// Straight code: it is entered at the first instruction only and left after the last. Indexes into the code.
struct Block {
  std::size_t first = 0;
  std::size_t last = 0;
  std::vector<std::size_t> successors;  // indexes of blocks
};

bool ends_block(const CodeInstruction& instruction) {
  return instruction.flow != Flow::kNext && instruction.flow != Flow::kCall;
}

std::vector<Block> blocks_of(std::span<const CodeInstruction> code) {
  std::set<std::uint64_t> leaders;
  for (const CodeInstruction& instruction : code) {
    if (ends_block(instruction)) {
      leaders.insert(instruction.offset + instruction.size);
    }
    if (instruction.target) {
      leaders.insert(*instruction.target);
    }
  }
  std::vector<Block> blocks;
  for (std::size_t i = 0; i < code.size(); ++i) {
    if (i == 0 || leaders.contains(code[i].offset)) {
      blocks.push_back({.first = i, .last = i, .successors = {}});
    }
    blocks.back().last = i;
  }
  const auto add_successor = [&](Block& block, std::uint64_t offset) {
    const auto next = std::ranges::lower_bound(blocks, offset, {},
                                               [&](const Block& other) { return code[other.first].offset; });
    if (next != blocks.end() && code[next->first].offset == offset) {
      block.successors.push_back(static_cast<std::size_t>(next - blocks.begin()));
    }
  };
  for (Block& block : blocks) {
    const CodeInstruction& last = code[block.last];
    if (last.flow != Flow::kJump && last.flow != Flow::kEnd) {
      add_successor(block, last.offset + last.size);
    }
    if (last.target) {
      add_successor(block, *last.target);
    }
  }
  return blocks;
}

bool is_in_body(const InlinedCall& call, const CodeInstruction& instruction) {
  return std::ranges::any_of(call.body, [&](const CodeRange& range) {
    return range.begin <= instruction.offset && instruction.offset < range.end;
  });
}

std::int32_t stack_delta_at(std::span<const PcValue> deltas, std::uint64_t offset) {
  const auto step = std::ranges::upper_bound(deltas, offset, {}, &PcValue::end);
  return step == deltas.end() ? 0 : step->value;
}

// The caller's code before its frame is there runs again when the stack had to grow.
bool may_run_again(std::span<const PcValue> deltas, std::uint64_t offset) {
  const bool has_frame = std::ranges::any_of(deltas, [](const PcValue& delta) { return delta.value != 0; });
  return has_frame && stack_delta_at(deltas, offset) == 0;
}

class BodyFinder {
 public:
  BodyFinder(std::span<const CodeInstruction> code, const InlinedCall& call)
      : code_(code), call_(&call), blocks_(blocks_of(code)) {}

  [[nodiscard]] std::string refusal(std::size_t mark) const {
    if (std::ranges::any_of(code_, [](const CodeInstruction& instruction) {
          return instruction.flow == Flow::kJump && !instruction.target;
        })) {
      return "the caller has jumps whose targets are in a table";
    }
    const std::size_t begin = block_of(mark);
    if (!is_anchored(blocks_[begin])) {
      return "no instruction of its body is sure to run once where the call begins";
    }
    if (!dominates_body(begin)) {
      return "its body is entered at more than one place";
    }
    return is_in_loop_of_body(begin) ? "its body begins with a loop" : "";
  }

  // The first of the body in the block that a breakpoint can be put on; calls in between may not return.
  [[nodiscard]] const CodeInstruction* first_of_body(std::size_t mark) const {
    const Block& block = blocks_[block_of(mark)];
    bool is_begun = false;
    for (std::size_t i = block.first; i <= block.last; ++i) {
      const bool is_body = is_in_body(*call_, code_[i]);
      if (is_body && code_[i].refusal.empty()) {
        return &code_[i];
      }
      is_begun = is_begun || is_body;
      if (is_begun && code_[i].flow == Flow::kCall) {
        break;
      }
    }
    return nullptr;
  }

 private:
  [[nodiscard]] std::size_t block_of(std::size_t instruction) const {
    const auto after = std::ranges::upper_bound(blocks_, instruction, {}, &Block::first);
    return static_cast<std::size_t>(after - blocks_.begin()) - 1;
  }

  [[nodiscard]] bool has_body(const Block& block) const {
    return std::ranges::any_of(code_.subspan(block.first, block.last - block.first + 1),
                               [this](const auto& instruction) { return is_in_body(*call_, instruction); });
  }

  // Pure values may be computed later, or only where they are needed.
  [[nodiscard]] bool is_anchored(const Block& block) const {
    return std::ranges::any_of(
        code_.subspan(block.first, block.last - block.first + 1), [this](const CodeInstruction& instruction) {
          const bool stays =
              instruction.stores || instruction.flow == Flow::kCall || instruction.flow == Flow::kBranch;
          return stays && is_in_body(*call_, instruction);
        });
  }

  // Which blocks a walk from `start` meets. `may_go(from)`: whether it goes on behind a block.
  template <class MayGo>
  [[nodiscard]] std::vector<bool> reached(std::vector<std::size_t> start, MayGo may_go) const {
    std::vector<bool> met(blocks_.size());
    while (!start.empty()) {
      const std::size_t block = start.back();
      start.pop_back();
      if (met[block]) {
        continue;
      }
      met[block] = true;
      if (may_go(block)) {
        std::ranges::copy(blocks_[block].successors, std::back_inserter(start));
      }
    }
    return met;
  }

  [[nodiscard]] bool dominates_body(std::size_t begin) const {
    const std::vector<bool> met = reached({0}, [begin](std::size_t block) { return block != begin; });
    for (std::size_t block = 0; block < blocks_.size(); ++block) {
      if (block != begin && met[block] && has_body(blocks_[block])) {
        return false;
      }
    }
    return true;
  }

  // A loop of the body jumps back by an instruction of the body; one of the caller, around it, does not.
  [[nodiscard]] bool is_in_loop_of_body(std::size_t begin) const {
    const auto stays_in_body = [this](std::size_t block) {
      const CodeInstruction& last = code_[blocks_[block].last];
      return !ends_block(last) || is_in_body(*call_, last);
    };
    if (!stays_in_body(begin)) {
      return false;
    }
    const std::vector<bool> met = reached(blocks_[begin].successors, stays_in_body);
    return met[begin];
  }

  std::span<const CodeInstruction> code_;
  const InlinedCall* call_;  // the caller's
  std::vector<Block> blocks_;
};

InlinedSite unusable(std::string reason) {
  return {.offset = std::nullopt, .instruction = {}, .unusable = std::move(reason)};
}

}  // namespace

InlinedSite site_of_inlined(std::span<const CodeInstruction> code, std::span<const PcValue> stack_deltas,
                            const InlinedCall& call) {
  const auto mark = std::ranges::lower_bound(code, call.mark, {}, &CodeInstruction::offset);
  if (mark == code.end() || mark->offset != call.mark) {
    return unusable("the mark of where it begins is no instruction");
  }
  const CodeInstruction* site = &*mark;
  if (!mark->is_nop) {
    const BodyFinder body(code, call);
    const auto index = static_cast<std::size_t>(mark - code.begin());
    if (std::string refusal = body.refusal(index); !refusal.empty()) {
      return unusable(std::move(refusal));
    }
    site = body.first_of_body(index);
    if (site == nullptr) {
      return unusable("uprobes refuse the instructions that it begins with");
    }
  }
  if (may_run_again(stack_deltas, site->offset)) {
    return unusable("it begins before the caller's stack frame, in code that may run twice");
  }
  return {.offset = site->offset, .instruction = site->text, .unusable = {}};
}

}  // namespace inspect
