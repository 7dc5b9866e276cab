#include "inspect/native/native_program.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace inspect {
namespace {

using base::Result;

constexpr std::size_t kMaxNameBytes = 256ULL * 1024 * 1024;

// The function that holds `address`, in a list sorted by entry.
bool is_inside_of_one(const std::vector<Function>& functions, VirtualAddress address) {
  const auto after = std::ranges::upper_bound(functions, address, {}, &Function::entry);
  return after != functions.begin() &&
         value_of(address) - value_of(std::prev(after)->entry) < std::prev(after)->size;
}

// GCC moves unlikely parts of "f" to "f.cold", which jump back or end the program.
std::vector<VirtualAddress> cold_parts_of(const std::vector<Function>& functions, const Function& function) {
  const std::string prefix = function.name + ".cold";
  std::vector<VirtualAddress> parts;
  for (const Function& candidate : functions) {
    if (candidate.name.starts_with(prefix)) {
      parts.push_back(candidate.entry);
    }
  }
  return parts;
}

}  // namespace

void add_native_functions(const ElfImage& image, std::vector<Function>& functions) {
  std::vector<Function> added;
  std::size_t name_bytes = 0;
  for (const Symbol& symbol : image.symbols()) {
    if (!symbol.is_function || symbol.size == 0 || symbol.name.empty() ||
        !image.is_executable(symbol.address) || is_inside_of_one(functions, symbol.address)) {
      continue;
    }
    name_bytes += symbol.name.size();
    if (name_bytes > kMaxNameBytes) {
      break;
    }
    Function function;
    function.name = symbol.name;
    function.entry = symbol.address;
    function.size = symbol.size;
    function.runtime = Runtime::kNative;
    added.push_back(std::move(function));
  }
  std::ranges::move(added, std::back_inserter(functions));
  std::ranges::sort(functions, {}, [](const Function& function) {
    return std::pair<VirtualAddress, std::string_view>(function.entry, function.name);
  });
}

void read_native_details(const ElfImage& image, const std::vector<Function>& functions,
                         const Function& function, const SiteFinder& finder, FunctionDetails& details) {
  if (image.architecture() == Architecture::kArm64) {
    details.unusable = kArm64Reason;
    return;
  }
  const std::vector<VirtualAddress> cold_parts = cold_parts_of(functions, function);
  FunctionCode code;
  code.bytes = image.bytes_at(function.entry).first(function.size);
  code.entry = function.entry;
  code.own_parts = cold_parts;
  take_sites(finder.sites_of(code), details);
}

Result<> read_native_program(const ElfImage& image, const IsWanted& is_wanted, BinaryFacts& facts) {
  add_native_functions(image, facts.functions);
  ASSIGN_OR_RETURN(const SiteFinder finder, SiteFinder::open());
  for (std::uint32_t index = 0; index < facts.functions.size(); ++index) {
    if (is_wanted(facts.functions[index].name)) {
      read_native_details(image, facts.functions, facts.functions[index], finder, facts.details[index]);
    }
  }
  return {};
}

}  // namespace inspect
