// A file and what inspect_binary says about it, and what binutils say about it.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mapped_file.hpp"
#include "inspect/inspect_binary.hpp"
#include "support/run_command.hpp"

namespace inspect {

inline base::MappedFile mapped(const std::string& path) {
  base::Result<base::MappedFile> file = base::MappedFile::open(path);
  if (!file) {
    throw std::runtime_error(file.error().message);
  }
  return std::move(*file);
}

inline BinaryFacts facts_of(
    const std::string& path, const IsWanted& is_wanted = [](std::string_view) { return false; }) {
  const base::MappedFile file = mapped(path);
  base::Result<BinaryFacts> facts =
      inspect_binary(file.bytes(), {.details = is_wanted, .inlined_copies = is_wanted});
  if (!facts) {
    throw std::runtime_error(path + ": " + facts.error().message);
  }
  return std::move(*facts);
}

// The details of the one function with this name that is neither a wrapper nor assembly.
struct NamedFunction {
  const Function* function = nullptr;
  const FunctionDetails* details = nullptr;
};

inline NamedFunction function_named(const BinaryFacts& facts, std::string_view name) {
  NamedFunction found;
  for (const auto& [index, details] : facts.details) {
    if (facts.functions[index].name == name) {
      found = {&facts.functions[index], &details};
    }
  }
  if (found.function == nullptr) {
    throw std::runtime_error(fmt::format("no details for {}", name));
  }
  return found;
}

inline std::vector<std::string> lines_of(const std::string& command) {
  const support::CommandResult result = support::run_command(command);
  if (result.status != 0) {
    throw std::runtime_error(command + ": " + result.output);
  }
  std::vector<std::string> lines;
  std::istringstream text(result.output);
  for (std::string line; std::getline(text, line);) {
    lines.push_back(line);
  }
  return lines;
}

// `go tool nm`: name -> addresses of code symbols.
inline std::multimap<std::string, std::uint64_t> symbols_by_go_nm(const std::string& path,
                                                                  std::string_view kinds = "Tt") {
  std::multimap<std::string, std::uint64_t> symbols;
  for (const std::string& line : lines_of("GOTOOLCHAIN=local go tool nm " + path)) {
    std::istringstream words(line);
    std::string address;
    std::string kind;
    std::string name;
    words >> address >> kind;
    std::getline(words >> std::ws, name);
    if (kind.size() == 1 && kinds.find(kind) != std::string_view::npos) {
      symbols.emplace(name, std::stoull(address, nullptr, 16));
    }
  }
  return symbols;
}

// What objdump disassembles: address -> "push   %rbp".
inline std::map<std::uint64_t, std::string> instructions_by_objdump(const std::string& path) {
  std::map<std::uint64_t, std::string> instructions;
  for (const std::string& line : lines_of("objdump -d --no-show-raw-insn " + path)) {
    const std::size_t colon = line.find(":\t");
    if (colon != std::string::npos && line.starts_with(' ')) {
      instructions.emplace(std::stoull(line.substr(0, colon), nullptr, 16), line.substr(colon + 2));
    }
  }
  return instructions;
}

}  // namespace inspect
