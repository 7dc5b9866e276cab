#include "config/parse_expression.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "support/result_matchers.hpp"

namespace config {
namespace {

using ::support::IsError;
using ::testing::HasSubstr;

// The tree as nested lists: (== (. ret0 Error) "x").
std::string tree(const Expression& expression) {
  std::string text;
  const auto list = [&expression](const std::string& head) {
    std::string result = "(" + head;
    for (const Expression& operand : expression.operands) {
      result += " " + tree(operand);
    }
    return result;
  };
  switch (expression.kind) {
    case Expression::Kind::kIdentifier:
      return expression.text;
    case Expression::Kind::kInteger:
      return std::to_string(expression.integer);
    case Expression::Kind::kString:
      return "\"" + expression.text + "\"";
    case Expression::Kind::kBool:
      return expression.integer == 1 ? "true" : "false";
    case Expression::Kind::kNil:
      return "nil";
    case Expression::Kind::kSelector:
      return list(".") + " " + expression.text + ")";
    case Expression::Kind::kTypeAssertion:
      return list("as") + " " + to_string(expression.type) + ")";
    case Expression::Kind::kIndex:
      return list("[]") + ")";
    case Expression::Kind::kCall:
    case Expression::Kind::kUnary:
    case Expression::Kind::kBinary:
      return list(expression.text) + ")";
  }
  return text;
}

TEST(ParseExpression, ReadsGoExpressions) {
  struct Case {
    std::string text;
    std::string tree;
  };

  const std::vector<Case> cases = {
      {"recv", "recv"},
      {" ret0 ", "ret0"},
      {"größe", "größe"},
      {"_", "_"},
      {"nil", "nil"},
      {"true", "true"},
      {"false", "false"},
      {"0", "0"},
      {"42", "42"},
      {"1_000", "1000"},
      {"0x2A", "42"},
      {"0X_ff", "255"},
      {"0o17", "15"},
      {"017", "15"},
      {"0b1010", "10"},
      {"9223372036854775807", "9223372036854775807"},
      {"-1", "(- 1)"},
      {"- -1", "(- (- 1))"},
      {R"("a\"b\\c\n\x41\101\u00e9")", "\"a\"b\\c\nAA\u00e9\""},
      {"`raw \\n text`", "\"raw \\n text\""},
      {"\"/resonance.\"", "\"/resonance.\""},
      {"recv.config.Topic", "(. (. recv config) Topic)"},
      {"recv.Clauses[0]", "([] (. recv Clauses) 0)"},
      {"x[0x10].y", "(. ([] x 16) y)"},
      {"ret0.(*logicv1.Response).Error", "(. (as ret0 *logicv1.Response) Error)"},
      {"ret0.( *github.com/go-redis/v9/internal/proto.Error )",
       "(as ret0 *github.com/go-redis/v9/internal/proto.Error)"},
      {"x.(map[string][]byte)", "(as x map[string][]byte)"},
      {"x.(interface{})", "(as x interface{})"},
      {"x.(*T[int, a.B]).f", "(. (as x *T[int,a.B]) f)"},
      {"len(ret0.Names)", "(len (. ret0 Names))"},
      {"cap(recv.jobs)", "(cap (. recv jobs))"},
      {"string(ret0.(proto.RedisError))", "(string (as ret0 proto.RedisError))"},
      {"typeof(packet.Payload)", "(typeof (. packet Payload))"},
      {"at_return(reply.(*a.R).Error)", "(at_return (. (as reply *a.R) Error))"},
      {"in_flight()", "(in_flight)"},
      {"strings.HasPrefix(method, \"/a\")", "(strings.HasPrefix method \"/a\")"},
      {"strings.HasSuffix(method, `b`,)", "(strings.HasSuffix method \"b\")"},
      {"!ok", "(! ok)"},
      {"!!ok", "(! (! ok))"},
      {"!(a && b)", "(! (&& a b))"},
      {"((a))", "a"},
      // Go's precedence: || && comparison, + - |, * / % &; all group to the left.
      {"a || b && c == d + e * f", "(|| a (&& b (== c (+ d (* e f)))))"},
      {"a * b + c == d && e || f", "(|| (&& (== (+ (* a b) c) d) e) f)"},
      {"a - b - c", "(- (- a b) c)"},
      {"a * b & c + d", "(+ (& (* a b) c) d)"},
      {"a | b + c", "(+ (| a b) c)"},
      {"a == b != c", "(!= (== a b) c)"},
      {"-a * b", "(* (- a) b)"},
      {"a * -b", "(* a (- b))"},
      {"!a == b", "(== (! a) b)"},
      {"a <= b", "(<= a b)"},
      {"a<b", "(< a b)"},
      {"a>=b", "(>= a b)"},
      {"a > (b + c)", "(> a (+ b c))"},
      {"ret1 != nil\n|| ret0.Error != \"\"", "(|| (!= ret1 nil) (!= (. ret0 Error) \"\"))"},
      {"len(recv.jobsCh) + recv.subscription.(*mq.coreSubscription).sub.pMsgs + in_flight()",
       "(+ (+ (len (. recv jobsCh)) (. (. (as (. recv subscription) *mq.coreSubscription) sub) pMsgs)) "
       "(in_flight))"},
  };
  for (const Case& one : cases) {
    const base::Result<Expression> parsed = parse_expression(one.text);
    ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
    EXPECT_EQ(tree(*parsed), one.tree) << one.text;
  }
}

TEST(ParseExpression, TellsWhatIsWrongAndWhere) {
  struct Case {
    std::string text;
    int column;
    std::string message;
  };

  const std::vector<Case> cases = {
      {"", 1, "expected a value, found nothing"},
      {"a +", 4, "expected a value, found nothing"},
      {"a b", 3, "expected an operator or the end, found \"b\""},
      {"a = b", 3, "compare with =="},
      {"a := b", 3, "compare with =="},
      {"a and b", 3, "write &&"},
      {"a == null", 6, "write nil"},
      {"a == 'x'", 6, "text stands in double quotes"},
      {"a ? b : c", 3, "cases"},
      {"a << 1", 3, "shifts are not supported"},
      {"a ^ b", 3, "operators are"},
      {"*a", 1, "pointers are followed"},
      {"&a", 1, "addresses cannot be taken"},
      {"(a", 3, "expected \")\", found nothing"},
      {"a)", 2, "expected an operator or the end, found \")\""},
      {"a.", 3, "expected a field or a (type)"},
      {"a.\"b\"", 3, "expected a field or a (type) after \".\", found the text \"b\""},
      {"a.(", 4, "expected a type, found nothing"},
      {"a.(type)", 4, "typeof(x)"},
      {"a.(*b.C", 8, "expected \")\" after the type"},
      {"a.(b/c)", 4, "is a package, not a type"},
      {"a[1:2]", 2, "slices like x[1:2] cannot be read"},
      {"a[:2]", 2, "slices like x[1:2] cannot be read"},
      {"a[i]", 3, "an index is a number that is written out"},
      {"a[-1]", 3, "an index is a number that is written out, as in x[0]; found \"-1\""},
      {"a[0", 4, "expected \"]\""},
      {"5.x", 1, "has a fraction"},
      {"1.5", 1, "only whole numbers"},
      {"0.5", 1, "only whole numbers"},
      {"5ms", 1, "is not a number"},
      {"08", 1, "is not a number"},
      {"1__0", 1, "is not a number"},
      {"0x", 1, "is not a number"},
      {"9223372036854775808", 1, "does not fit in 64 bits"},
      {"99999999999999999999999", 1, "does not fit in 64 bits"},
      {"\"abc", 1, "no closing quote"},
      {"\"a\nb\"", 1, "no closing quote"},
      {"`abc", 1, "no closing `"},
      {"\"\\q\"", 2, "unknown escape"},
      {"\"\\xZZ\"", 2, "unknown escape"},
      {"\"\\777\"", 2, "unknown escape"},
      {"\"\\ud800\"", 2, "unknown escape"},
      {"\"\\", 2, "unknown escape"},
      {"lenn(a)", 1, "did you mean \"len\"?"},
      {"typeOf(a)", 1, "did you mean \"typeof\"?"},
      {"string.HasPrefix(a, \"b\")", 8, "did you mean \"strings.HasPrefix\"?"},
      {"recv.Name()", 6, "functions of the program do not run"},
      {"a[0](b)", 2, "functions of the program do not run"},
      {"len()", 1, "len takes 1 argument, found 0; write len(x)"},
      {"len(a, b)", 1, "len takes 1 argument, found 2"},
      {"in_flight(a)", 1, "in_flight takes 0 arguments, found 1"},
      {"strings.HasPrefix(a)", 1, "write strings.HasPrefix(x, \"text\")"},
      {"strings.HasPrefix(a, b)", 22, "is a text in quotes"},
      {"len(a b)", 7, "expected \")\", found \"b\""},
      {"len(,)", 5, "expected a value, found \",\""},
      {"\"a\".b", 4, "expected an operator or the end, found \".\""},
      {"(a + b).c", 8, "expected an operator or the end, found \".\""},
      {"nil[0]", 4, "expected an operator or the end, found \"[\""},
      {"a # b", 3, "expected an operator or the end, found \"#\""},
      {std::string("a \0 b", 5), 3, "expected an operator or the end"},
  };
  for (const Case& one : cases) {
    const std::string place = "column " + std::to_string(one.column) + ": ";
    EXPECT_THAT(
        parse_expression(one.text),
        IsError(base::ErrorCode::kInvalidConfig, ::testing::AllOf(HasSubstr(place), HasSubstr(one.message))))
        << one.text;
  }
}

TEST(ParseExpression, KeepsTheOffsetOfEveryNode) {
  ASSERT_OK_AND_ASSIGN(const Expression expression, parse_expression("ret0.(*a.T).Err != \"\""));
  EXPECT_EQ(expression.offset, 16U);
  EXPECT_EQ(expression.operands[1].offset, 19U);
  const Expression& selector = expression.operands[0];
  EXPECT_EQ(selector.offset, 12U);
  EXPECT_EQ(selector.operands[0].offset, 6U);
  EXPECT_EQ(selector.operands[0].operands[0].offset, 0U);
}

TEST(ParseExpression, RefusesWhatWouldUseUpTheStack) {
  for (const char* const opening : {"(", "!", "-", "len(", "a.(", "a[", "a.(func(", "a.([]", "a.(*"}) {
    std::string text;
    while (text.size() + 8 < 4096) {
      text += opening;
    }
    EXPECT_THAT(parse_expression(text), IsError(base::ErrorCode::kInvalidConfig, HasSubstr("column")))
        << opening;
  }
  EXPECT_THAT(parse_expression(std::string(5000, 'a')),
              IsError(base::ErrorCode::kInvalidConfig, HasSubstr("5000 bytes; 4096 are allowed")));
}

TEST(ParseExpression, TakesLongChains) {
  std::string chain = "a";
  while (chain.size() + 4 < 4096) {
    chain += "+a.b";
  }
  ASSERT_OK_AND_ASSIGN(const Expression expression, parse_expression(chain));
  EXPECT_EQ(expression, expression);
}

}  // namespace
}  // namespace config
