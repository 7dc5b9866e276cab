// The parts of a Go function's name: "pkg/path.(*T).M", "pkg/path.T.M", "pkg/path.F[...].func1".
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace plan {

struct FunctionName {
  std::string package;   // import path
  std::string receiver;  // name of the receiver's type without type arguments; "" for a plain function
  bool pointer_receiver = false;
  std::string name;             // of the function or method; for a closure with what encloses it: "F.func1"
  bool closure = false;         // no receiver and no parameters of the enclosing function
  bool generic = false;         // it has type arguments
  bool has_dictionary = false;  // an instantiation by shape: one parameter more
};

// `is_package` decides where the package ends in "gopkg.in/yaml.v3.Node.Decode".
[[nodiscard]] FunctionName parse_function_name(std::string_view name,
                                               const std::function<bool(std::string_view)>& is_package);

// "pkg.F[go.shape.int]" -> "pkg.F"; a name without type arguments stays.
[[nodiscard]] std::string without_type_arguments(std::string_view name);

// A name as a config may write it -> as BinaryFacts has it: "nats%2ego.F" -> "nats.go.F", "Set[...].Add" ->
// "Set.Add".
[[nodiscard]] std::string plain_function_name(std::string_view written);

// What follows the last '/' outside of type arguments: "server.(*GRPCServer).Start".
[[nodiscard]] std::string_view short_function_name(std::string_view name);

// "pkg.T.M" -> "pkg.(*T).M": the wrapper that the compiler makes for a method of a value. "" for other names.
[[nodiscard]] std::string pointer_wrapper_of(std::string_view name);

}  // namespace plan
