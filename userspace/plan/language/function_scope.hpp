// The names that an expression about one function can use, and where their values lie.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "config/expression.hpp"
#include "plan/language/abi_layout.hpp"
#include "plan/language/function_signature.hpp"
#include "plan/language/type_lookup.hpp"

namespace plan {

// When a value exists. Arguments are gone at the return, results come with it.
enum Moments : std::uint8_t { kNoMoment = 0, kAtEntry = 1, kAtReturn = 2 };

struct ScopeName {
  enum class Kind { kParameter, kResult, kCapturedWord, kCapturedVariable, kFunctionName, kPanicked };
  Kind kind = Kind::kParameter;
  // In AbiLayout::parameters or results, or in FunctionSignature::captured; or the number of a captured word.
  std::size_t index = 0;
  bool by_reference = false;  // what is there is the address of the variable
};

class FunctionScope {
 public:
  // `types`, those of the signature, outlive the scope.
  FunctionScope(std::string function_name, std::string package, FunctionSignature signature, AbiLayout layout,
                bool is_closure, const TypeLookup& types);

  [[nodiscard]] const std::string& function_name() const { return function_name_; }

  // Where a type's name without a package belongs.
  [[nodiscard]] const std::string& package() const { return package_; }

  [[nodiscard]] const FunctionSignature& signature() const { return signature_; }

  [[nodiscard]] const AbiLayout& layout() const { return layout_; }

  // kNotFound: no such name, and which there are.
  [[nodiscard]] base::Result<ScopeName> find(std::string_view name) const;

  // The moments an expression needs; 0 for constants.
  [[nodiscard]] base::Result<std::uint8_t> moments_of(const config::Expression& expression) const;

 private:
  [[nodiscard]] std::optional<ScopeName> find_parameter(std::string_view name) const;
  [[nodiscard]] std::optional<ScopeName> find_captured(std::string_view name) const;
  [[nodiscard]] std::optional<ScopeName> find_numbered(std::string_view name) const;
  [[nodiscard]] base::Error unknown_name(std::string_view name) const;

  std::string function_name_;
  std::string package_;
  FunctionSignature signature_;
  AbiLayout layout_;
  bool is_closure_;
  const TypeLookup* types_;
};

}  // namespace plan
