#include "plan/language/go/function_name.hpp"

#include <gtest/gtest.h>

#include <string>

namespace plan {
namespace {

struct Case {
  const char* name;
  const char* package;
  const char* receiver;
  bool pointer;
  const char* function;
  bool closure;
  bool generic;
};

TEST(ParseFunctionName, SplitsEveryShapeOfName) {
  const Case cases[] = {
      {"main.main", "main", "", false, "main", false, false},
      {"github.com/x/logic/server.(*GRPCServer).recover", "github.com/x/logic/server", "GRPCServer", true,
       "recover", false, false},
      {"github.com/nats-io/nats.go.(*Conn).publish", "github.com/nats-io/nats.go", "Conn", true, "publish",
       false, false},
      {"gopkg.in/yaml.v3.Node.Decode", "gopkg.in/yaml.v3", "Node", false, "Decode", false, false},
      {"gopkg.in/yaml.v3.Unmarshal", "gopkg.in/yaml.v3", "", false, "Unmarshal", false, false},
      {"time.Time.String", "time", "Time", false, "String", false, false},
      {"x/y.(*Conn).Close.func1", "x/y", "Conn", true, "Close.func1", true, false},
      {"x/y.Start.func2", "x/y", "", false, "Start.func2", true, false},
      {"x/y.Start.func2.1", "x/y", "", false, "Start.func2.1", true, false},
      {"x/y.Start.gowrap1", "x/y", "", false, "Start.gowrap1", true, false},
      {"x/y.init.0", "x/y", "", false, "init.0", true, false},
      {"x/y.glob..func1", "x/y", "", false, "glob..func1", true, false},
      {"x/y.(*T).M-fm", "x/y", "T", true, "M-fm", true, false},
      {"x/y.Max[go.shape.int]", "x/y", "", false, "Max", false, true},
      {"x/y.(*List[go.shape.*uint8]).Push", "x/y", "List", true, "Push", false, true},
      {"x/mq.(*client).Subscribe.(*client).wrapHandler.func1", "x/mq", "client", true,
       "Subscribe.(*client).wrapHandler.func1", true, false},
  };
  const auto is_package = [](std::string_view path) {
    return path == "gopkg.in/yaml.v3" || path == "github.com/nats-io/nats.go" || path == "time";
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.name);
    const FunctionName name = parse_function_name(one.name, is_package);
    EXPECT_EQ(name.package, one.package);
    EXPECT_EQ(name.receiver, one.receiver);
    EXPECT_EQ(name.pointer_receiver, one.pointer);
    EXPECT_EQ(name.name, one.function);
    EXPECT_EQ(name.closure, one.closure);
    EXPECT_EQ(name.generic, one.generic);
  }
}

TEST(ParseFunctionName, SeesADictionaryOnlyInShapes) {
  const auto none = [](std::string_view) { return false; };
  EXPECT_TRUE(parse_function_name("x/y.Max[go.shape.int]", none).has_dictionary);
  EXPECT_TRUE(parse_function_name("x/y.Max[...]", none).has_dictionary);
  EXPECT_FALSE(parse_function_name("x/y.(*List[int]).Push", none).has_dictionary);
}

TEST(WithoutTypeArguments, DropsNestedBrackets) {
  EXPECT_EQ(without_type_arguments("a/b.F[map[string]go.shape.int]"), "a/b.F");
  EXPECT_EQ(without_type_arguments("a.(*L[int]).Push"), "a.(*L).Push");
  EXPECT_EQ(without_type_arguments("a.F"), "a.F");
}

TEST(ShortFunctionName, IgnoresSlashesInTypeArguments) {
  EXPECT_EQ(short_function_name("a/b.F[c/d.T]"), "b.F[c/d.T]");
  EXPECT_EQ(short_function_name("main.main"), "main.main");
}

TEST(PointerWrapperOf, NamesTheWrapperOfAValueMethod) {
  EXPECT_EQ(pointer_wrapper_of("x/y.T.M"), "x/y.(*T).M");
  EXPECT_EQ(pointer_wrapper_of("gopkg.in/yaml.v3.Node.Decode"), "gopkg.in/yaml.v3.(*Node).Decode");
  EXPECT_EQ(pointer_wrapper_of("x/y.F"), "");
  EXPECT_EQ(pointer_wrapper_of("x/y.(*T).M"), "");
  EXPECT_EQ(pointer_wrapper_of("x/y.F.func1"), "");
}

}  // namespace
}  // namespace plan
