#include "inspect/code/instruction_sites.hpp"

#include <capstone/capstone.h>
#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace inspect {
namespace {

using base::ByteView;
using base::ErrorCode;
using base::Result;

constexpr std::uint8_t kInt3 = 0xcc;  // the linker's padding between functions

struct Instruction {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  unsigned id = 0;
  ByteView bytes;
  std::optional<std::uint64_t> jump_target;  // of a direct jump, conditional or not
  std::optional<std::uint64_t> variable;     // the address of an operand relative to RIP
};

// What arch/x86/kernel/uprobes.c refuses to put a breakpoint on (is_prefix_bad, good_insns_64,
// good_2byte_insns).
std::string_view refusal_by_uprobes(ByteView instruction) {
  std::uint64_t at = 0;
  for (;; ++at) {
    switch (instruction.at<std::uint8_t>(at).value_or(0)) {
      case 0xf0:
        return "a lock prefix";
      case 0x26:
      case 0x2e:
      case 0x36:
      case 0x3e:
        return "a segment prefix";
      case 0x64:
      case 0x65:
      case 0x66:
      case 0x67:
      case 0xf2:
      case 0xf3:
        continue;
      default:
        break;
    }
    break;
  }
  if ((instruction.at<std::uint8_t>(at).value_or(0) & 0xf0U) == 0x40) {
    ++at;  // REX
  }
  const std::uint8_t opcode = instruction.at<std::uint8_t>(at).value_or(0);
  if (opcode == 0x62) {
    return "an EVEX prefix (AVX-512)";
  }
  if (opcode == kInt3 || opcode == 0xcd || opcode == 0xf1 || opcode == 0xf4) {
    return "a trap or halt";
  }
  const std::uint8_t second = instruction.at<std::uint8_t>(at + 1).value_or(0);
  if (opcode == 0x0f && (second == 0x01 || second == 0x05 || second == 0x07 || second == 0x0b)) {
    return "a system instruction";
  }
  return {};
}

std::int32_t value_at(std::span<const PcValue> values, std::uint64_t offset) {
  const auto step =
      std::ranges::upper_bound(values, offset, {}, [](const PcValue& value) { return value.end; });
  return step == values.end() ? 0 : step->value;
}

// The offset of the first instruction with a frame; none for a function without one.
std::optional<std::uint64_t> frame_start(std::span<const PcValue> deltas) {
  std::uint64_t start = 0;
  for (const PcValue& delta : deltas) {
    if (delta.value != 0) {
      return start;
    }
    start = delta.end;
  }
  return std::nullopt;
}

ByteView without_padding(ByteView code) {
  std::uint64_t size = code.size();
  while (size > 0 && code.at<std::uint8_t>(size - 1) == kInt3) {
    --size;
  }
  return code.first(size);
}

}  // namespace

class SiteFinder::Disassembler {
 public:
  Disassembler() = default;
  Disassembler(const Disassembler&) = delete;
  Disassembler& operator=(const Disassembler&) = delete;
  Disassembler(Disassembler&&) = delete;
  Disassembler& operator=(Disassembler&&) = delete;

  ~Disassembler() {
    if (instruction_ != nullptr) {
      cs_free(instruction_, 1);
    }
    if (handle_ != 0) {
      cs_close(&handle_);
    }
  }

  bool open() {
    if (cs_open(CS_ARCH_X86, CS_MODE_64, &handle_) != CS_ERR_OK ||
        cs_option(handle_, CS_OPT_DETAIL, CS_OPT_ON) != CS_ERR_OK) {
      return false;
    }
    instruction_ = cs_malloc(handle_);
    return instruction_ != nullptr;
  }

  // The instruction at `offset` of `code`; none where the bytes are no instruction.
  std::optional<Instruction> decode(const FunctionCode& code, std::uint64_t offset) {
    const ByteView rest = code.bytes.rest(offset);
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(rest.bytes().data());
    std::size_t size = rest.bytes().size();
    std::uint64_t address = value_of(code.entry) + offset;
    if (!cs_disasm_iter(handle_, &bytes, &size, &address, instruction_)) {
      return std::nullopt;
    }
    return Instruction{offset,        instruction_->size, instruction_->id, rest.first(instruction_->size),
                       jump_target(), variable()};
  }

  // Of the instruction that was decoded last.
  [[nodiscard]] CodeInstruction::Flow flow() const {
    using Flow = CodeInstruction::Flow;
    if (instruction_->id == X86_INS_UD2 || instruction_->id == X86_INS_INT3 ||
        cs_insn_group(handle_, instruction_, X86_GRP_RET)) {
      return Flow::kEnd;
    }
    if (cs_insn_group(handle_, instruction_, X86_GRP_CALL)) {
      return Flow::kCall;
    }
    if (!cs_insn_group(handle_, instruction_, X86_GRP_JUMP)) {
      return Flow::kNext;
    }
    return instruction_->id == X86_INS_JMP ? Flow::kJump : Flow::kBranch;
  }

  // Whether it writes to memory other than the stack.
  [[nodiscard]] bool stores() const {
    const cs_x86& x86 = instruction_->detail->x86;
    return std::ranges::any_of(std::span(x86.operands).first(x86.op_count), [](const cs_x86_op& operand) {
      return operand.type == X86_OP_MEM && (operand.access & CS_AC_WRITE) != 0 &&
             operand.mem.base != X86_REG_RSP && operand.mem.base != X86_REG_RBP;
    });
  }

  [[nodiscard]] std::string text_of_last() const {
    const std::string_view operands = static_cast<const char*>(instruction_->op_str);
    const std::string_view mnemonic = static_cast<const char*>(instruction_->mnemonic);
    return operands.empty() ? std::string(mnemonic) : fmt::format("{} {}", mnemonic, operands);
  }

 private:
  [[nodiscard]] std::optional<std::uint64_t> jump_target() const {
    const cs_x86& x86 = instruction_->detail->x86;
    if (!cs_insn_group(handle_, instruction_, X86_GRP_JUMP) || x86.op_count != 1 ||
        x86.operands[0].type != X86_OP_IMM) {
      return std::nullopt;
    }
    return static_cast<std::uint64_t>(x86.operands[0].imm);
  }

  [[nodiscard]] std::optional<std::uint64_t> variable() const {
    const cs_x86& x86 = instruction_->detail->x86;
    for (const cs_x86_op& operand : std::span(x86.operands).first(x86.op_count)) {
      if (operand.type == X86_OP_MEM && operand.mem.base == X86_REG_RIP) {
        return instruction_->address + instruction_->size + static_cast<std::uint64_t>(operand.mem.disp);
      }
    }
    return std::nullopt;
  }

  csh handle_ = 0;
  cs_insn* instruction_ = nullptr;
};

namespace {

// Walks one function from its entry to its end and collects what it meets.
class Sweep {
 public:
  Sweep(const FunctionCode& code, InstructionSites& sites) : code_(&code), sites_(&sites) {
    if (code.stack_deltas) {
      frame_start_ = frame_start(*code.stack_deltas);
    }
  }

  // Whether `instruction` is the one to probe for entries. Text is asked for once, so it is not made for
  // each.
  [[nodiscard]] bool is_entry_site(const Instruction& instruction) const {
    if (sites_->entry_site) {
      return false;
    }
    if (frame_start_) {
      return instruction.offset + instruction.size == *frame_start_;
    }
    return instruction.id != X86_INS_ENDBR64 || code_->stack_deltas.has_value();
  }

  // Up to Go 1.20 a frame is allocated by an instruction that the kernel has to step. The jump before it, to
  // where the stack is grown, is emulated, and passed once by each call if hits that take the jump are left
  // out: "jbe" as after every comparison with the stack's limit. Nothing else may lead to the allocation.
  void prefer_stack_check(const Instruction& check, std::string text) {
    check_ = check;
    check_text_ = std::move(text);
  }

  [[nodiscard]] bool is_stack_check(const Instruction& instruction) const {
    return code_->stack_deltas && frame_start_ && !sites_->entry_site && instruction.id == X86_INS_JBE &&
           instruction.jump_target && *instruction.jump_target > value_of(address_of(instruction)) &&
           *instruction.jump_target - value_of(code_->entry) < code_->bytes.size();
  }

  void set_entry_site(const Instruction& instruction, std::string text) {
    if (check_ && check_->offset + check_->size == instruction.offset && instruction.id != X86_INS_PUSH) {
      allocation_ = address_of(instruction);
      sites_->entry_site = address_of(*check_);
      sites_->entry_instruction = check_text_;
      allocation_text_ = std::move(text);
      return;
    }
    if (const std::string_view refusal = refusal_by_uprobes(instruction.bytes); !refusal.empty()) {
      sites_->unusable =
          fmt::format("its entry instruction \"{}\" has {}, which uprobes refuse", text, refusal);
    }
    sites_->entry_site = address_of(instruction);
    sites_->entry_instruction = std::move(text);
  }

  void visit(const Instruction& instruction) {
    if (allocation_ && instruction.jump_target == value_of(*allocation_)) {
      sites_->entry_site = *allocation_;
      sites_->entry_instruction = allocation_text_;
    }
    if (instruction.id == X86_INS_RET) {
      visit_return(instruction);
    } else if (leaves_function(instruction)) {
      sites_->no_returns = "it ends in a jump to another function, which returns in its place";
    }
  }

  void finish() {
    if (!sites_->entry_site && sites_->unusable.empty()) {
      sites_->unusable =
          frame_start_ ? "no instruction ends where its stack frame begins" : "it has no instructions";
    }
    if (sites_->return_sites.empty() && sites_->no_returns.empty()) {
      sites_->no_returns = "it has no return instruction: it never returns, or panics";
    }
  }

  void stop_at_undecodable(std::uint64_t offset) {
    const auto address = value_of(code_->entry) + offset;
    sites_->no_returns =
        fmt::format("the bytes at {:#x} are no known instruction, so returns may be missed", address);
    if (!sites_->entry_site) {
      sites_->unusable = fmt::format("the bytes at {:#x} before its frame are no known instruction", address);
    }
  }

 private:
  [[nodiscard]] VirtualAddress address_of(const Instruction& instruction) const {
    return static_cast<VirtualAddress>(value_of(code_->entry) + instruction.offset);
  }

  void visit_return(const Instruction& instruction) {
    const std::int32_t delta = code_->stack_deltas ? value_at(*code_->stack_deltas, instruction.offset) : 0;
    if (delta != 0) {
      sites_->no_returns =
          fmt::format("its return at {:#x} has {} bytes of stack left, so its frame cannot be told",
                      value_of(address_of(instruction)), delta);
      return;
    }
    sites_->return_sites.push_back(address_of(instruction));
  }

  // Go tail-jumps from wrappers only: to a fixed target, or through an interface's table (1.26 on). Its other
  // indirect jumps are switch tables.
  [[nodiscard]] bool leaves_function(const Instruction& instruction) const {
    if (!instruction.jump_target) {
      return code_->is_go_wrapper && instruction.id == X86_INS_JMP;
    }
    const std::uint64_t distance = *instruction.jump_target - value_of(code_->entry);
    return distance >= code_->bytes.size() &&
           std::ranges::find(code_->own_parts, static_cast<VirtualAddress>(*instruction.jump_target)) ==
               code_->own_parts.end();
  }

  const FunctionCode* code_;  // the caller's
  InstructionSites* sites_;   // the caller's
  std::optional<std::uint64_t> frame_start_;
  std::optional<Instruction> check_;  // the stack check that was met last
  std::string check_text_;
  std::optional<VirtualAddress> allocation_;  // what the check stands for
  std::string allocation_text_;
};

}  // namespace

Result<SiteFinder> SiteFinder::open() {
  auto disassembler = std::make_unique<Disassembler>();
  if (!disassembler->open()) {
    return base::fail(ErrorCode::kUnsupported, "the disassembler (capstone) was built without amd64");
  }
  return SiteFinder(std::move(disassembler));
}

SiteFinder::SiteFinder(std::unique_ptr<Disassembler> disassembler) : disassembler_(std::move(disassembler)) {}

SiteFinder::SiteFinder(SiteFinder&&) noexcept = default;

SiteFinder& SiteFinder::operator=(SiteFinder&&) noexcept = default;

SiteFinder::~SiteFinder() = default;

void take_sites(InstructionSites sites, FunctionDetails& details) {
  details.entry_site = sites.entry_site;
  details.entry_instruction = std::move(sites.entry_instruction);
  details.return_sites = std::move(sites.return_sites);
  details.unusable = std::move(sites.unusable);
  details.no_returns = std::move(sites.no_returns);
}

InstructionSites SiteFinder::sites_of(const FunctionCode& code) const {
  InstructionSites sites;
  Sweep sweep(code, sites);
  const std::uint64_t end = without_padding(code.bytes).size();
  for (std::uint64_t offset = 0; offset < end;) {
    const std::optional<Instruction> instruction = disassembler_->decode(code, offset);
    if (!instruction) {
      sweep.stop_at_undecodable(offset);
      break;
    }
    if (sweep.is_stack_check(*instruction)) {
      sweep.prefer_stack_check(*instruction, disassembler_->text_of_last());
    }
    if (sweep.is_entry_site(*instruction)) {
      sweep.set_entry_site(*instruction, disassembler_->text_of_last());
    }
    sweep.visit(*instruction);
    offset += instruction->size;
  }
  sweep.finish();
  return sites;
}

std::vector<CodeInstruction> SiteFinder::instructions_of(const FunctionCode& code) const {
  std::vector<CodeInstruction> instructions;
  const std::uint64_t end = without_padding(code.bytes).size();
  for (std::uint64_t offset = 0; offset < end;) {
    const std::optional<Instruction> instruction = disassembler_->decode(code, offset);
    if (!instruction) {
      break;
    }
    CodeInstruction described;
    described.offset = offset;
    described.size = instruction->size;
    described.flow = disassembler_->flow();
    if (instruction->jump_target) {
      described.target = *instruction->jump_target - value_of(code.entry);
    }
    described.stores = disassembler_->stores();
    described.is_nop = instruction->id == X86_INS_NOP;
    described.refusal = refusal_by_uprobes(instruction->bytes);
    described.text = disassembler_->text_of_last();
    instructions.push_back(std::move(described));
    offset += instruction->size;
  }
  return instructions;
}

std::vector<VirtualAddress> SiteFinder::variables_of(const FunctionCode& code) const {
  std::vector<VirtualAddress> variables;
  const std::uint64_t end = without_padding(code.bytes).size();
  for (std::uint64_t offset = 0; offset < end;) {
    const std::optional<Instruction> instruction = disassembler_->decode(code, offset);
    if (!instruction) {
      break;
    }
    if (instruction->variable) {
      variables.push_back(static_cast<VirtualAddress>(*instruction->variable));
    }
    offset += instruction->size;
  }
  std::ranges::sort(variables);
  variables.erase(std::ranges::unique(variables).begin(), variables.end());
  return variables;
}

}  // namespace inspect
