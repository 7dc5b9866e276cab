// Any bytes as a program, with the details of every function: no crash, no hang, and facts that hold
// together.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

#include "inspect/go/go_unwind.hpp"
#include "inspect/inspect_binary.hpp"

namespace {

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

bool is_known(const inspect::BinaryFacts& facts, inspect::TypeId id) {
  return id == inspect::TypeId::kNone || static_cast<std::size_t>(id) < facts.types.types().size();
}

void check_types(const inspect::BinaryFacts& facts) {
  for (const inspect::Type& type : facts.types.types()) {
    require(is_known(facts, type.element) && is_known(facts, type.key));
    for (const inspect::Field& field : type.fields) {
      require(is_known(facts, field.type));
    }
    for (const inspect::Method& method : type.methods) {
      require(is_known(facts, method.signature));
    }
  }
  for (const auto& [address, type] : facts.itab_types) {
    require(type != inspect::TypeId::kNone && is_known(facts, type));
  }
}

void check_details(const inspect::BinaryFacts& facts) {
  for (const auto& [index, details] : facts.details) {
    require(index < facts.functions.size());
    require(details.entry_site.has_value() || !details.unusable.empty());
    require(!details.return_sites.empty() || !details.no_returns.empty() || !details.unusable.empty());
  }
}

// What a walk over stacks may ask: any address.
void check_unwinding(std::span<const std::byte> file, const inspect::BinaryFacts& facts) {
  const auto unwind = inspect::GoUnwind::read(file);
  if (!unwind) {
    return;
  }
  for (const inspect::Function& function : facts.functions) {
    for (const std::uint64_t offset : {std::uint64_t{0}, function.size / 2, function.size}) {
      (void)unwind->at(static_cast<inspect::VirtualAddress>(value_of(function.entry) + offset));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto is_wanted = [](std::string_view) { return true; };
  const base::Result<inspect::BinaryFacts> facts = inspect::inspect_binary(
      std::as_bytes(std::span(data, size)), {.details = is_wanted, .inlined_copies = is_wanted});
  if (facts) {
    check_types(*facts);
    check_details(*facts);
    check_unwinding(std::as_bytes(std::span(data, size)), *facts);
  } else {
    require(!facts.error().message.empty());
  }
  return 0;
}
