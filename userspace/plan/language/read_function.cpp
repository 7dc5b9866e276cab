#include "plan/language/read_function.hpp"

#include "plan/language/go/read_go_function.hpp"

namespace plan {

base::Result<FunctionScope> read_function(const inspect::BinaryFacts& facts, TypeLookup& lookup,
                                          const inspect::Function& function,
                                          const inspect::FunctionDetails& details,
                                          const std::optional<config::Signature>& written) {
  switch (function.runtime) {
    case inspect::Runtime::kGo:
      return read_go_function(facts, lookup, function, details, written);
    case inspect::Runtime::kNative:
      break;
  }
  return base::fail(base::ErrorCode::kUnsupported,
                    "it is not a Go function, and only those can be planned so far");
}

}  // namespace plan
