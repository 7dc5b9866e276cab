#include "config/expression.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "config/text_cursor.hpp"

namespace config {
namespace {

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      result += fmt::format("\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      result += c;
    }
  }
  return result + "\"";
}

bool is_comparison(const Expression& expression) {
  const std::string& name = expression.text;
  return name == "==" || name == "!=" || name == "<" || name == "<=" || name == ">" || name == ">=";
}

bool is_logical(const Expression& expression) {
  return expression.text == "&&" || expression.text == "||";
}

// Comparisons below && and ||, and chains of one operator, read the same to everybody.
bool needs_parentheses(const Expression& parent, const Expression& operand, bool is_left) {
  if (operand.kind != Expression::Kind::kBinary) {
    return false;
  }
  const bool is_chain = is_left && operand.text == parent.text && !is_comparison(parent);
  return !is_chain && !(is_logical(parent) && is_comparison(operand));
}

std::string operand_text(const Expression& parent, const Expression& operand, bool is_left) {
  const std::string text = to_string(operand);
  return needs_parentheses(parent, operand, is_left) ? fmt::format("({})", text) : text;
}

std::string binary_text(const Expression& expression) {
  return fmt::format("{} {} {}", operand_text(expression, expression.operands[0], true), expression.text,
                     operand_text(expression, expression.operands[1], false));
}

std::string unary_text(const Expression& expression) {
  const Expression& operand = expression.operands[0];
  const bool is_binary = operand.kind == Expression::Kind::kBinary;
  return is_binary ? fmt::format("{}({})", expression.text, to_string(operand))
                   : expression.text + to_string(operand);
}

std::string call_text(const Expression& expression) {
  std::string arguments;
  for (const Expression& argument : expression.operands) {
    arguments += arguments.empty() ? "" : ", ";
    arguments += to_string(argument);
  }
  return fmt::format("{}({})", expression.text, arguments);
}

std::string struct_text(const TypeText& type) {
  std::string fields;
  for (std::size_t i = 0; i < type.elements.size(); ++i) {
    fields += fmt::format("{}{} {}", i == 0 ? " " : "; ", type.field_names[i], to_string(type.elements[i]));
  }
  return fields.empty() ? "struct{}" : fmt::format("struct{{{} }}", fields);
}

std::string interface_text(const TypeText& type) {
  std::string methods;
  for (const std::string& name : type.field_names) {
    const bool is_method = is_identifier(name);  // or an embedded `io.Closer`, `Set[int]`
    methods += fmt::format("{}{}{}", methods.empty() ? " " : "; ", name, is_method ? "()" : "");
  }
  return methods.empty() ? "interface{}" : fmt::format("interface{{{} }}", methods);
}

std::string list_text(const std::vector<Parameter>& parameters) {
  std::string text;
  for (const Parameter& parameter : parameters) {
    text += text.empty() ? "" : ", ";
    text += parameter.name.empty() ? "" : parameter.name + " ";
    text += to_string(parameter.type);
  }
  return text;
}

}  // namespace

std::string to_string(const TypeText& type) {
  switch (type.kind) {
    case TypeText::Kind::kNamed:
      return type.name;
    case TypeText::Kind::kPointer:
      return "*" + to_string(type.elements[0]);
    case TypeText::Kind::kSlice:
      return "[]" + to_string(type.elements[0]);
    case TypeText::Kind::kArray:
      return fmt::format("[{}]{}", type.length, to_string(type.elements[0]));
    case TypeText::Kind::kMap:
      return fmt::format("map[{}]{}", to_string(type.elements[0]), to_string(type.elements[1]));
    case TypeText::Kind::kChan:
      return "chan " + to_string(type.elements[0]);
    case TypeText::Kind::kFunc:
      return "func()";
    case TypeText::Kind::kInterface:
      return interface_text(type);
    case TypeText::Kind::kStruct:
      return struct_text(type);
  }
  return "";
}

std::string to_string(const Expression& expression) {
  switch (expression.kind) {
    case Expression::Kind::kIdentifier:
      return expression.text;
    case Expression::Kind::kInteger:
      return fmt::format("{}", expression.integer);
    case Expression::Kind::kString:
      return quoted(expression.text);
    case Expression::Kind::kBool:
      return expression.integer != 0 ? "true" : "false";
    case Expression::Kind::kNil:
      return "nil";
    case Expression::Kind::kSelector:
      return fmt::format("{}.{}", to_string(expression.operands[0]), expression.text);
    case Expression::Kind::kTypeAssertion:
      return fmt::format("{}.({})", to_string(expression.operands[0]), to_string(expression.type));
    case Expression::Kind::kIndex:
      return fmt::format("{}[{}]", to_string(expression.operands[0]), to_string(expression.operands[1]));
    case Expression::Kind::kCall:
      return call_text(expression);
    case Expression::Kind::kUnary:
      return unary_text(expression);
    case Expression::Kind::kBinary:
      return binary_text(expression);
  }
  return "";
}

std::string to_string(const Signature& signature) {
  const std::string results = list_text(signature.results);
  const bool is_bare = signature.results.size() == 1 && signature.results[0].name.empty();
  return fmt::format("func({}){}{}", list_text(signature.parameters), results.empty() ? "" : " ",
                     results.empty() || is_bare ? results : fmt::format("({})", results));
}

}  // namespace config
