// Where a function can be probed: the instruction that allocates its frame, and every RET.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_reader.hpp"
#include "base/error.hpp"
#include "inspect/binary_facts.hpp"
#include "inspect/code/code_instruction.hpp"
#include "inspect/code/pc_value.hpp"

namespace inspect {

// Why functions of an arm64 program have no sites.
inline constexpr std::string_view kArm64Reason = "arm64 programs cannot be probed yet";

// One function as its bytes and its stack deltas.
struct FunctionCode {
  base::ByteView bytes;
  VirtualAddress entry{};
  // How far SP is below its value at the entry; none for code without such a table (C, C++, Rust).
  std::optional<std::span<const PcValue>> stack_deltas;
  bool is_go_wrapper = false;
  // Functions this one may jump to without leaving: GCC's "name.cold" parts.
  std::span<const VirtualAddress> own_parts;
};

struct InstructionSites {
  std::optional<VirtualAddress> entry_site;
  std::string entry_instruction;
  std::vector<VirtualAddress> return_sites;
  std::string unusable;    // why there is no entry site; empty: there is
  std::string no_returns;  // why the returns do not account for every end of a call; empty: they do
};

// Moves what was found to where it is kept.
void take_sites(InstructionSites sites, FunctionDetails& details);

// Owns a disassembler for amd64.
class SiteFinder {
 public:
  static base::Result<SiteFinder> open();

  SiteFinder(SiteFinder&&) noexcept;
  SiteFinder& operator=(SiteFinder&&) noexcept;
  SiteFinder(const SiteFinder&) = delete;
  SiteFinder& operator=(const SiteFinder&) = delete;
  ~SiteFinder();

  [[nodiscard]] InstructionSites sites_of(const FunctionCode& code) const;

  // All of it in order, up to the first bytes that are no instruction.
  [[nodiscard]] std::vector<CodeInstruction> instructions_of(const FunctionCode& code) const;

  // What the code addresses relative to its own place: its variables, each once, in address order.
  [[nodiscard]] std::vector<VirtualAddress> variables_of(const FunctionCode& code) const;

 private:
  class Disassembler;
  explicit SiteFinder(std::unique_ptr<Disassembler> disassembler);

  std::unique_ptr<Disassembler> disassembler_;
};

}  // namespace inspect
