// Types and signatures of parse_expression.hpp.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "config/parse_expression.hpp"
#include "support/result_matchers.hpp"

namespace config {
namespace {

using ::support::IsError;
using ::testing::HasSubstr;

struct Case {
  std::string text;
  std::string normal;  // as to_string() writes it
};

struct BadCase {
  std::string text;
  std::string message;
};

TEST(ParseType, ReadsGoTypes) {
  const std::vector<Case> cases = {
      {"int", "int"},
      {"error", "error"},
      {"pkg.T", "pkg.T"},
      {"*pkg.T", "*pkg.T"},
      {"**T", "**T"},
      {"(T)", "T"},
      {"*(T)", "*T"},
      {"github.com/x/y.T", "github.com/x/y.T"},
      {"*github.com/go-redis/redis/v9.Client", "*github.com/go-redis/redis/v9.Client"},
      {"github.com/nats-io/nats.go.Msg", "github.com/nats-io/nats.go.Msg"},
      {"gopkg.in/yaml.v3.Node", "gopkg.in/yaml.v3.Node"},
      {"struct{ a 4d63.com/x.T }", "struct{ a 4d63.com/x.T }"},
      {"pkg.T[int]", "pkg.T[int]"},
      {"pkg.T[ int , github.com/x/y.U[string] ]", "pkg.T[int,github.com/x/y.U[string]]"},
      {"[]byte", "[]byte"},
      {"[][]string", "[][]string"},
      {"[16]byte", "[16]byte"},
      {"map[string]int", "map[string]int"},
      {"map[pkg.K]map[string][]*T", "map[pkg.K]map[string][]*T"},
      {"chan int", "chan int"},
      {"<-chan int", "chan int"},
      {"chan<- int", "chan int"},
      {"chan <-chan int", "chan chan int"},
      {"func()", "func()"},
      {"func(int) error", "func()"},
      {"func(a, b int, c ...string) (x T, err error)", "func()"},
      {"[]func(int) bool", "[]func()"},
      {"any", "any"},
      {"interface{}", "interface{}"},
      {"interface {}", "interface{}"},
      {"interface{ Read(p []byte) (int, error); io.Closer }", "interface{ Read(); io.Closer }"},
      {"interface{ Set[ int ]; io.Closer; a-b/c.D }", "interface{ Set[int]; io.Closer; a-b/c.D }"},
      {"struct{ a-b/c.D; x interface{ Set[int] } }", "struct{ D a-b/c.D; x interface{ Set[int] } }"},
      {"struct{}", "struct{}"},
      {"struct{ A, B int; c *pkg.T; pkg.U }", "struct{ A int; B int; c *pkg.T; U pkg.U }"},
      {"struct { *pkg.T; }", "struct{ T *pkg.T }"},
  };
  for (const Case& one : cases) {
    const base::Result<TypeText> parsed = parse_type(one.text);
    ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
    EXPECT_EQ(to_string(*parsed), one.normal) << one.text;
    ASSERT_OK_AND_ASSIGN(const TypeText again, parse_type(one.normal));
    EXPECT_EQ(again, *parsed) << one.text;
  }
}

TEST(ParseType, KeepsTheParts) {
  ASSERT_OK_AND_ASSIGN(const TypeText map, parse_type("map[string]*github.com/x/y.T[int]"));
  EXPECT_EQ(map.kind, TypeText::Kind::kMap);
  EXPECT_EQ(map.elements[0].name, "string");
  EXPECT_EQ(map.elements[1].kind, TypeText::Kind::kPointer);
  EXPECT_EQ(map.elements[1].elements[0].name, "github.com/x/y.T[int]");
  ASSERT_OK_AND_ASSIGN(const TypeText array, parse_type("[4]int"));
  EXPECT_EQ(array.length, 4U);
  ASSERT_OK_AND_ASSIGN(const TypeText reader, parse_type("interface{ Read(p []byte) (int, error) }"));
  EXPECT_EQ(reader.field_names, std::vector<std::string>{"Read"});
  EXPECT_TRUE(reader.name.empty());
}

TEST(ParseType, TellsWhatIsWrong) {
  const std::vector<BadCase> cases = {
      {"", "expected a type, found nothing"},
      {"*", "expected a type, found nothing"},
      {"[]", "expected a type, found nothing"},
      {"[x]int", "the length of an array, found \"x\""},
      {"[99999999999999999999]int", "the length of an array"},
      {"[3 int", "expected \"]\" after the length"},
      {"map", "expected \"[\" after \"map\""},
      {"map[string", "expected \"]\" after the key type"},
      {"<-int", "expected \"chan\""},
      {"chan", "expected a type"},
      {"1x", "not the name of a type"},
      {"a-b", "not the name of a type"},
      {"x.", "not the name of a type"},
      {".x", "not the name of a type"},
      {"/x/y.T", "not the name of a type"},
      {"-x/y.T", "not the name of a type"},
      {"github.com/x/y", "write github.com/x/y.Name"},
      {"T[int", "expected \"]\" after the type arguments"},
      {"T[]", "expected a type"},
      {"func", "expected \"(\""},
      {"interface", "expected \"{\""},
      {"interface{ 1 }", "not the name of a type"},
      {"struct{ a", "found nothing"},
      {"struct{ []int }", "expected the name of a field, found the type []int"},
      {"struct{ a, b }", "expected the type of field"},
      {"int int", "unexpected \"int\" after the type"},
      {"...int", "not the name of a type"},
  };
  for (const BadCase& one : cases) {
    EXPECT_THAT(parse_type(one.text), IsError(base::ErrorCode::kInvalidConfig, HasSubstr(one.message)))
        << one.text;
  }
}

TEST(ParseSignature, ReadsGoSignatures) {
  const std::vector<Case> cases = {
      {"func()", "func()"},
      {" func ( ) ", "func()"},
      {"func(ctx context.Context, a, b int, _ string, opts ...Option) (any, error)",
       "func(ctx context.Context, a int, b int, _ string, opts []Option) (any, error)"},
      {"func(int, string) error", "func(int, string) error"},
      {"func(int, ...string)", "func(int, []string)"},
      {"func(pkg.T, *pkg.U) (n int, err error)", "func(pkg.T, *pkg.U) (n int, err error)"},
      {"func() (err error)", "func() (err error)"},
      {"func() (error)", "func() error"},
      {"func() (a, b int)", "func() (a int, b int)"},
      {"func() *T", "func() *T"},
      {"func() []byte", "func() []byte"},
      {"func() <-chan int", "func() chan int"},
      {"func() func(int) error", "func() func()"},
      {"func(f func(a int) (b, c error), g int)", "func(f func(), g int)"},
      {"func(a [3]int, b []T, m map[string]int, c chan<- T)",
       "func(a [3]int, b []T, m map[string]int, c chan T)"},
      {"func(a int,)", "func(a int)"},
      {"func(a, b)", "func(a, b)"},  // two types
      {"func(req *connect.Request[gatewayv1.LoginRequest]) (*connect.Response[gatewayv1.LoginResponse], "
       "error)",
       "func(req *connect.Request[gatewayv1.LoginRequest]) (*connect.Response[gatewayv1.LoginResponse], "
       "error)"},
  };
  for (const Case& one : cases) {
    const base::Result<Signature> parsed = parse_signature(one.text);
    ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
    EXPECT_EQ(to_string(*parsed), one.normal) << one.text;
  }
}

TEST(ParseSignature, GivesNamesOnlyWhereTheyAreWritten) {
  ASSERT_OK_AND_ASSIGN(const Signature unnamed, parse_signature("func(int, error) T"));
  EXPECT_EQ(unnamed.parameters[0].name, "");
  EXPECT_EQ(unnamed.parameters[0].type.name, "int");
  EXPECT_EQ(unnamed.results[0].name, "");
  ASSERT_OK_AND_ASSIGN(const Signature named, parse_signature("func(a, b *T) (n int)"));
  EXPECT_EQ(named.parameters[0].name, "a");
  EXPECT_EQ(named.parameters[0].type, named.parameters[1].type);
  EXPECT_EQ(named.results[0].name, "n");
}

TEST(ParseSignature, TellsWhatIsWrong) {
  const std::vector<BadCase> cases = {
      {"", "a signature begins with \"func(\""},
      {"(int) error", "a signature begins with \"func(\""},
      {"function(int)", "a signature begins with \"func(\""},
      {"func", "expected \"(\" before the parameters"},
      {"func(", "expected a type, found nothing"},
      {"func(a int", "expected \")\" or \",\" after a parameter"},
      {"func(a int b int)", "expected \")\" or \",\" after a parameter, found \"b\""},
      {"func(a ...int, b int)", "only the last parameter"},
      {"func(a, b ...int)", "parameter a has no type"},
      {"func(a int, b)", "\"b\" lacks a type"},
      {"func(a int, *T)", "\"*T\" lacks a name"},
      {"func(a int, pkg.T, b int)", "\"pkg.T\" lacks a name"},
      {"func() (...int)", "a result cannot be \"...\""},
      {"func() int, error", "unexpected \", error\" after the signature"},
      {"func F(a int)", "the function's name does not belong here"},
      {"func (s *Server) F(a int) error", "receiver and name of the function do not belong here"},
      {"func(a int) error {", "unexpected \"{\" after the signature"},
  };
  for (const BadCase& one : cases) {
    EXPECT_THAT(parse_signature(one.text), IsError(base::ErrorCode::kInvalidConfig, HasSubstr(one.message)))
        << one.text;
  }
}

TEST(ParseSignature, RefusesWhatWouldUseUpTheStack) {
  for (const char* const opening :
       {"func(", "[]", "*", "map[", "chan ", "T[", "struct{ a ", "interface{ A("}) {
    std::string text = "func(";
    while (text.size() + 16 < 4096) {
      text += opening;
    }
    EXPECT_THAT(parse_signature(text), IsError(base::ErrorCode::kInvalidConfig, HasSubstr("nested")))
        << opening;
  }
}

}  // namespace
}  // namespace config
