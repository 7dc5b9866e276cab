// A Pratt parser: Go's operators and precedence, less what cannot be evaluated by reading another process's
// memory.
#include "config/read_expression.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/nearest_name.hpp"
#include "config/read_token.hpp"
#include "config/read_type.hpp"

namespace config {
namespace {

struct Function {
  std::string_view name;
  std::size_t arguments;
  std::string_view usage;
};

constexpr std::array<Function, 8> kFunctions = {{
    {"len", 1, "len(x)"},
    {"cap", 1, "cap(x)"},
    {"string", 1, "string(x)"},
    {"typeof", 1, "typeof(x)"},
    {"at_return", 1, "at_return(x)"},
    {"in_flight", 0, "in_flight()"},
    {"strings.HasPrefix", 2, "strings.HasPrefix(x, \"text\")"},
    {"strings.HasSuffix", 2, "strings.HasSuffix(x, \"text\")"},
}};

std::vector<std::string> function_names() {
  std::vector<std::string> names;
  names.reserve(kFunctions.size());
  for (const Function& function : kFunctions) {
    names.emplace_back(function.name);
  }
  return names;
}

std::string function_list() {
  std::string list;
  for (const Function& function : kFunctions) {
    list += fmt::format("{}{}", list.empty() ? "" : ", ", function.name);
  }
  return list;
}

constexpr int kUnaryPrecedence = 6;

// Go's, 0 for what is no binary operator here.
int precedence_of(const Token& token) {
  if (token.kind != Token::Kind::kOperator) {
    return 0;
  }
  constexpr std::array<std::pair<std::string_view, int>, 15> kPrecedences = {{{"||", 1},
                                                                              {"&&", 2},
                                                                              {"==", 3},
                                                                              {"!=", 3},
                                                                              {"<", 3},
                                                                              {"<=", 3},
                                                                              {">", 3},
                                                                              {">=", 3},
                                                                              {"+", 4},
                                                                              {"-", 4},
                                                                              {"|", 4},
                                                                              {"*", 5},
                                                                              {"/", 5},
                                                                              {"%", 5},
                                                                              {"&", 5}}};
  for (const auto& [name, precedence] : kPrecedences) {
    if (token.text == name) {
      return precedence;
    }
  }
  return 0;
}

// What to write instead of what other languages have.
std::string_view advice_for(std::string_view token) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 16> kAdvice = {{
      {"=", "; compare with =="},
      {":=", "; compare with =="},
      {"and", "; write &&"},
      {"or", "; write ||"},
      {"not", "; write !"},
      {"is", "; compare with =="},
      {"null", "; write nil"},
      {"None", "; write nil"},
      {"'", "; text stands in double quotes"},
      {"?", "; use a label with cases: { name: 'condition', else: name }"},
      {"<<", "; shifts are not supported"},
      {">>", "; shifts are not supported"},
      {"^", "; operators are || && == != < <= > >= + - | * / % & and unary ! -"},
      {"&^", "; operators are || && == != < <= > >= + - | * / % & and unary ! -"},
      {"*", "; pointers are followed without being asked to"},
      {"&", "; addresses cannot be taken"},
  }};
  for (const auto& [name, advice] : kAdvice) {
    if (token == name) {
      return advice;
    }
  }
  return "";
}

std::unexpected<SyntaxError> unexpected_token(const Token& token, std::string_view expected) {
  const bool is_text = token.kind == Token::Kind::kString;
  return syntax_error(token.offset, "expected {}, found {}{}", expected, description_of(token),
                      is_text ? "" : advice_for(token.text));
}

Expression node(Expression::Kind kind, std::size_t offset, std::string text = {},
                std::vector<Expression> operands = {}) {
  Expression expression;
  expression.kind = kind;
  expression.text = std::move(text);
  expression.operands = std::move(operands);
  expression.offset = static_cast<std::uint32_t>(offset);
  return expression;
}

Expression number(Expression::Kind kind, std::size_t offset, std::int64_t value) {
  Expression expression = node(kind, offset);
  expression.integer = value;
  return expression;
}

std::vector<Expression> operands(Expression first) {
  std::vector<Expression> list;
  list.push_back(std::move(first));
  return list;
}

std::vector<Expression> operands(Expression first, Expression second) {
  std::vector<Expression> list = operands(std::move(first));
  list.push_back(std::move(second));
  return list;
}

// Whether it can have fields, elements or another type: what was read can, what was written or computed
// cannot.
bool is_readable(const Expression& expression) {
  switch (expression.kind) {
    case Expression::Kind::kIdentifier:
    case Expression::Kind::kSelector:
    case Expression::Kind::kTypeAssertion:
    case Expression::Kind::kIndex:
    case Expression::Kind::kCall:
      return true;
    default:
      return false;
  }
}

// `strings.HasPrefix` as one name; nothing for what is no dotted name.
std::optional<std::string> dotted_name(const Expression& expression) {
  if (expression.kind == Expression::Kind::kIdentifier) {
    return expression.text;
  }
  if (expression.kind != Expression::Kind::kSelector) {
    return std::nullopt;
  }
  const std::optional<std::string> base = dotted_name(expression.operands[0]);
  return base ? std::optional(*base + "." + expression.text) : std::nullopt;
}

class ExpressionReader {
 public:
  explicit ExpressionReader(std::string_view text) : cursor_(text) {}

  Parsed<Expression> whole_text();

 private:
  Parsed<void> advance();
  Parsed<void> expect(std::string_view name, std::string_view expected);
  Parsed<Expression> binary(int lowest_precedence);
  Parsed<Expression> unary();
  Parsed<Expression> unary_operation();
  Parsed<Expression> primary();
  Parsed<Expression> operand();
  Parsed<Expression> identifier();
  Parsed<Expression> selector_or_assertion(Expression base);
  Parsed<Expression> index(Expression base);
  Parsed<Expression> call(const Expression& callee);
  Parsed<std::vector<Expression>> arguments();

  TextCursor cursor_;
  Token token_;  // the one to look at next
  int nesting_ = 0;
};

Parsed<void> ExpressionReader::advance() {
  ASSIGN_OR_RETURN(token_, read_token(cursor_));
  return {};
}

Parsed<void> ExpressionReader::expect(std::string_view name, std::string_view expected) {
  if (!token_.is_operator(name)) {
    return unexpected_token(token_, expected);
  }
  return advance();
}

Parsed<Expression> ExpressionReader::whole_text() {
  RETURN_IF_ERROR(advance());
  ASSIGN_OR_RETURN(Expression expression, binary(1));
  if (token_.kind != Token::Kind::kEnd) {
    return unexpected_token(token_, "an operator or the end");
  }
  return expression;
}

Parsed<Expression> ExpressionReader::binary(int lowest_precedence) {
  ASSIGN_OR_RETURN(Expression left, unary());
  while (true) {
    const int precedence = precedence_of(token_);
    if (precedence < lowest_precedence) {
      return left;
    }
    const Token name = token_;
    if (name.text == "/" || name.text == "%") {
      return syntax_error(name.offset, "{} cannot be done in the kernel; operators are + - * & |", name.text);
    }
    RETURN_IF_ERROR(advance());
    ASSIGN_OR_RETURN(Expression right, binary(precedence + 1));
    left =
        node(Expression::Kind::kBinary, name.offset, name.text, operands(std::move(left), std::move(right)));
  }
}

// Everything that nests passes here.
Parsed<Expression> ExpressionReader::unary() {
  if (nesting_ >= kMaxNesting) {
    return syntax_error(token_.offset, "expressions are nested more than {} deep", kMaxNesting);
  }
  ++nesting_;
  const bool is_operation = token_.is_operator("!") || token_.is_operator("-");
  auto result = is_operation ? unary_operation() : primary();
  --nesting_;
  return result;
}

Parsed<Expression> ExpressionReader::unary_operation() {
  const Token name = token_;
  RETURN_IF_ERROR(advance());
  ASSIGN_OR_RETURN(Expression operand, binary(kUnaryPrecedence));
  return node(Expression::Kind::kUnary, name.offset, name.text, operands(std::move(operand)));
}

Parsed<Expression> ExpressionReader::primary() {
  ASSIGN_OR_RETURN(Expression expression, operand());
  while (token_.is_operator(".") || token_.is_operator("[") || token_.is_operator("(")) {
    if (!is_readable(expression)) {
      return unexpected_token(token_, "an operator or the end");
    }
    if (token_.is_operator("(")) {
      ASSIGN_OR_RETURN(expression, call(expression));
    } else if (token_.is_operator("[")) {
      ASSIGN_OR_RETURN(expression, index(std::move(expression)));
    } else {
      ASSIGN_OR_RETURN(expression, selector_or_assertion(std::move(expression)));
    }
  }
  return expression;
}

Parsed<Expression> ExpressionReader::operand() {
  const Token token = token_;
  switch (token.kind) {
    case Token::Kind::kIdentifier:
      return identifier();
    case Token::Kind::kInteger:
      RETURN_IF_ERROR(advance());
      return number(Expression::Kind::kInteger, token.offset, token.integer);
    case Token::Kind::kString:
      RETURN_IF_ERROR(advance());
      return node(Expression::Kind::kString, token.offset, token.text);
    case Token::Kind::kEnd:
    case Token::Kind::kOperator:
      break;
  }
  if (!token.is_operator("(")) {
    return unexpected_token(token, "a value");
  }
  RETURN_IF_ERROR(advance());
  ASSIGN_OR_RETURN(Expression inner, binary(1));
  RETURN_IF_ERROR(expect(")", "\")\""));
  return inner;
}

Parsed<Expression> ExpressionReader::identifier() {
  const Token token = token_;
  if (token.text == "null" || token.text == "None") {
    return unexpected_token(token, "a value");
  }
  RETURN_IF_ERROR(advance());
  if (token.text == "nil") {
    return node(Expression::Kind::kNil, token.offset);
  }
  if (token.text == "true" || token.text == "false") {
    return number(Expression::Kind::kBool, token.offset, token.text == "true" ? 1 : 0);
  }
  return node(Expression::Kind::kIdentifier, token.offset, token.text);
}

Parsed<Expression> ExpressionReader::selector_or_assertion(Expression base) {
  RETURN_IF_ERROR(advance());
  const Token token = token_;
  if (token.kind == Token::Kind::kIdentifier) {
    RETURN_IF_ERROR(advance());
    return node(Expression::Kind::kSelector, token.offset, token.text, operands(std::move(base)));
  }
  if (!token.is_operator("(")) {
    return unexpected_token(token, "a field or a (type) after \".\"");
  }
  Expression assertion =
      node(Expression::Kind::kTypeAssertion, cursor_.position(), "", operands(std::move(base)));
  ASSIGN_OR_RETURN(assertion.type, read_type_at(cursor_));
  if (assertion.type.name == "type") {
    return syntax_error(assertion.offset, "expected a type, found \"type\"; its name is typeof(x)");
  }
  RETURN_IF_ERROR(advance());
  RETURN_IF_ERROR(expect(")", "\")\" after the type"));
  return assertion;
}

Parsed<Expression> ExpressionReader::index(Expression base) {
  const std::size_t bracket = token_.offset;
  constexpr std::string_view kNoSlices = "slices like x[1:2] cannot be read; take one element, as in x[0]";
  RETURN_IF_ERROR(advance());
  if (token_.is_operator(":")) {
    return syntax_error(bracket, "{}", kNoSlices);
  }
  ASSIGN_OR_RETURN(Expression position, binary(1));
  if (token_.is_operator(":")) {
    return syntax_error(bracket, "{}", kNoSlices);
  }
  RETURN_IF_ERROR(expect("]", "\"]\""));
  if (position.kind != Expression::Kind::kInteger) {
    return syntax_error(position.offset, "an index is a number that is written out, as in x[0]; found \"{}\"",
                        to_string(position));
  }
  return node(Expression::Kind::kIndex, bracket, "", operands(std::move(base), std::move(position)));
}

Parsed<std::vector<Expression>> ExpressionReader::arguments() {
  std::vector<Expression> list;
  RETURN_IF_ERROR(advance());
  while (!token_.is_operator(")")) {
    ASSIGN_OR_RETURN(Expression argument, binary(1));
    list.push_back(std::move(argument));
    if (!token_.is_operator(",")) {
      break;
    }
    RETURN_IF_ERROR(advance());
  }
  RETURN_IF_ERROR(expect(")", "\")\""));
  return list;
}

Parsed<Expression> ExpressionReader::call(const Expression& callee) {
  const std::string name = dotted_name(callee).value_or("");
  const auto* const function =
      std::ranges::find_if(kFunctions, [&name](const Function& known) { return known.name == name; });
  if (function == kFunctions.end()) {
    return syntax_error(
        callee.offset, "\"{}\" cannot be called: functions of the program do not run, only these exist: {}{}",
        to_string(callee), function_list(), base::did_you_mean(name, function_names()));
  }
  // The name begins where its first part does: a selector's offset is its last.
  const std::size_t start = callee.operands.empty() ? callee.offset : callee.operands[0].offset;
  ASSIGN_OR_RETURN(std::vector<Expression> list, arguments());
  if (list.size() != function->arguments) {
    return syntax_error(start, "{} takes {} argument{}, found {}; write {}", name, function->arguments,
                        function->arguments == 1 ? "" : "s", list.size(), function->usage);
  }
  if (list.size() == 2 && list[1].kind != Expression::Kind::kString) {
    return syntax_error(list[1].offset, "the second argument of {} is a text in quotes; write {}", name,
                        function->usage);
  }
  return node(Expression::Kind::kCall, start, name, std::move(list));
}

}  // namespace

Parsed<Expression> read_expression(std::string_view text) {
  if (text.size() > kMaxTextLength) {
    return syntax_error(0, "the expression has {} bytes; {} are allowed", text.size(), kMaxTextLength);
  }
  return ExpressionReader(text).whole_text();
}

}  // namespace config
