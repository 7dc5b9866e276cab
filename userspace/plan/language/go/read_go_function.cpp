#include "plan/language/go/read_go_function.hpp"

#include <utility>

#include "plan/language/go/function_name.hpp"
#include "plan/language/go/resolve_signature.hpp"

namespace plan {

base::Result<FunctionScope> read_go_function(const inspect::BinaryFacts& facts, TypeLookup& lookup,
                                             const inspect::Function& function,
                                             const inspect::FunctionDetails& details,
                                             const std::optional<config::Signature>& written) {
  if (function.assembly) {
    return base::fail(base::ErrorCode::kUnsupported,
                      "it is assembly: arguments are on the stack and R14 is not the goroutine");
  }
  const FunctionName name = parse_function_name(
      function.name, [&lookup](std::string_view package) { return lookup.has_package(package); });
  ASSIGN_OR_RETURN(FunctionSignature signature,
                   resolve_signature(facts, lookup, function, name, details, written));
  AbiLayout layout = layout_of(facts, lookup, signature);
  return FunctionScope(function.name, name.package, std::move(signature), std::move(layout), name.closure,
                       lookup);
}

}  // namespace plan
