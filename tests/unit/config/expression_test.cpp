// to_string() of expressions; of types and signatures: parse_signature_test.cpp.
#include "config/expression.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "config/parse_expression.hpp"
#include "support/result_matchers.hpp"

namespace config {
namespace {

void forget_offsets(Expression& expression) {
  expression.offset = 0;
  for (Expression& operand : expression.operands) {
    forget_offsets(operand);
  }
}

TEST(ExpressionText, AddsParenthesesWherePrecedenceCouldBeMisread) {
  struct Case {
    std::string text;
    std::string normal;
  };

  const std::vector<Case> cases = {
      {"a||b", "a || b"},
      {"a || b && c", "a || (b && c)"},
      {"a == b && c != d", "a == b && c != d"},
      {"a + b + c", "a + b + c"},
      {"a + (b + c)", "a + (b + c)"},
      {"a - b + c", "(a - b) + c"},
      {"a * b + c", "(a * b) + c"},
      {"a + b > c", "(a + b) > c"},
      {"a == b == c", "(a == b) == c"},
      {"!(a && b)", "!(a && b)"},
      {"!a.b", "!a.b"},
      {"-(1)", "-1"},
      {"0x10", "16"},
      {"`a\"b\\`", R"("a\"b\\")"},
      {"\"\\n\\x00\"", R"("\x0a\x00")"},
      {"x . y [ 0 ] . ( *a.T ) . z", "x.y[0].(*a.T).z"},
      {"strings.HasPrefix( a , \"b\" )", "strings.HasPrefix(a, \"b\")"},
      {"in_flight( )", "in_flight()"},
  };
  for (const Case& one : cases) {
    ASSERT_OK_AND_ASSIGN(Expression expression, parse_expression(one.text));
    EXPECT_EQ(to_string(expression), one.normal);
    ASSERT_OK_AND_ASSIGN(Expression again, parse_expression(one.normal));
    forget_offsets(expression);
    forget_offsets(again);
    EXPECT_EQ(expression, again) << one.normal;
  }
}

}  // namespace
}  // namespace config
