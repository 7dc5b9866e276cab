// What a function takes and returns, with names.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "inspect/binary_facts.hpp"

namespace plan {

struct SignatureParameter {
  std::string name;  // "" where no source gives one
  inspect::TypeId type = inspect::TypeId::kNone;
  // Why the registers that it takes are not known, and so those of all that follow it; "": they are known.
  std::string unknown;
  // Nothing but a written signature says its type: what can be checked of its value is checked at run time.
  bool is_claimed = false;
};

struct FunctionSignature {
  std::optional<SignatureParameter> receiver;
  bool has_dictionary = false;
  bool dictionary_first = false;  // before the receiver (Go 1.18, 1.19)
  std::vector<SignatureParameter> parameters;
  std::vector<SignatureParameter> results;
  std::vector<inspect::CapturedVariable> captured;  // of a closure, where DWARF says
  // False: only the receiver is known. `unknown_because` says what to do about it.
  bool complete = false;
  std::string unknown_because;
  std::string source;  // for the user: where the types come from
};

}  // namespace plan
