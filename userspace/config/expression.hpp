// The language of labels and conditions, as a tree. It is Go's own expression grammar, less what can't be
// read from outside a process: see docs/probes.md. Text -> tree is parse_expression.hpp; meaning is the plan
// stage's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace config {

// A Go type as written, in a signature or a type assertion: `*pkg.T`, `[]byte`, `map[string]int`, `func(int)
// error`.
struct TypeText {
  enum class Kind {
    kNamed,      // name: "int", "error", "any", "pkg.T" or "full/path/pkg.T"
    kPointer,    // elements[0]
    kSlice,      // elements[0]; `...T` is kSlice too
    kArray,      // elements[0], length
    kMap,        // elements[0] key, elements[1] value
    kChan,       // elements[0]
    kFunc,       // no elements: a function value is one word whatever it takes
    kInterface,  // a literal interface{...}; field_names: its methods and embedded interfaces, none for
                 // interface{}
    kStruct,     // a literal struct{...}: elements and names of the fields
  };
  Kind kind = Kind::kNamed;
  std::string name;
  std::uint64_t length = 0;
  std::vector<TypeText> elements;
  std::vector<std::string> field_names;

  bool operator==(const TypeText&) const = default;
};

struct Expression {
  enum class Kind {
    kIdentifier,  // text: parameter, recv, ret0, arg0, func, panicked, ...
    kInteger,     // integer
    kString,      // text: the value, unquoted
    kBool,        // integer: 0 or 1
    kNil,
    kSelector,       // operands[0] . text
    kTypeAssertion,  // operands[0] .( type )
    kIndex,          // operands[0] [ operands[1] ]
    kCall,           // text: function name ("len", "strings.HasPrefix"), operands: arguments
    kUnary,          // text: "!" or "-"
    kBinary,         // text: the operator; operands[0], operands[1]
  };
  Kind kind = Kind::kNil;
  std::string text;
  std::int64_t integer = 0;
  TypeText type;
  std::vector<Expression> operands;
  // Byte offset of this node in the expression's text; messages point there.
  std::uint32_t offset = 0;

  bool operator==(const Expression&) const = default;
};

struct Parameter {
  std::string name;  // empty where the signature gives none
  TypeText type;

  bool operator==(const Parameter&) const = default;
};

// `func(ctx context.Context, msg mq.Message) error`. The receiver is not written: it comes from the
// function's name.
struct Signature {
  std::vector<Parameter> parameters;
  std::vector<Parameter> results;

  bool operator==(const Signature&) const = default;
};

// As Go would write it, fully parenthesised where precedence could be misread.
[[nodiscard]] std::string to_string(const TypeText& type);
[[nodiscard]] std::string to_string(const Expression& expression);
[[nodiscard]] std::string to_string(const Signature& signature);

}  // namespace config
