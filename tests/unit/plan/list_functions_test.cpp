#include "plan/output/list_functions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/facts_builder.hpp"

namespace plan {
namespace {

using support::FactsBuilder;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Patterns = std::vector<std::string>;

class ListFunctions : public testing::Test {
 protected:
  ListFunctions() {
    const auto cart = facts_.structure("example.com/shop", "shop.Cart", {{"owner", facts_.string}});
    facts_.method(facts_.pointer(cart), "Order", {facts_.context, facts_.integer},
                  {facts_.boolean, facts_.error});
    facts_.function("example.com/shop.(*Cart).Order", 32, 2);
    facts_.function("main.main", 0);
  }

  [[nodiscard]] std::vector<ListedFunction> list(const Patterns& patterns = {}) {
    std::erase_if(facts_.facts().details, [&](const auto& entry) {
      return !is_listed(patterns, facts_.facts().functions[entry.first].name);
    });
    return list_functions(facts_.facts(), patterns);
  }

  FactsBuilder facts_;
};

TEST_F(ListFunctions, AreThoseOfTheProgram) {
  const auto found = list();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].name, "example.com/shop.(*Cart).Order");
  EXPECT_EQ(found[0].signature, "(context.Context, int) (bool, error)") << found[0].source;
  EXPECT_EQ(found[0].entry, "push rbp");
  EXPECT_FALSE(found[0].is_stepped);
  EXPECT_EQ(found[0].returns, 2U);
  EXPECT_EQ(found[1].name, "main.main");
}

TEST_F(ListFunctions, AreFoundByAWordOrAPattern) {
  EXPECT_TRUE(is_listed(Patterns{"order"}, "example.com/shop.(*Cart).Order"));
  EXPECT_TRUE(is_listed(Patterns{"nothing", "example.com/shop.(*Cart).*"}, "example.com/shop.(*Cart).Order"));
  EXPECT_FALSE(is_listed(Patterns{"shop.(*Cart).*"}, "example.com/shop.(*Cart).Order")) << "the whole name";
  EXPECT_FALSE(is_listed(Patterns{"orders"}, "example.com/shop.(*Cart).Order"));
}

TEST_F(ListFunctions, OfTheStandardLibraryOnlyWhenAsked) {
  for (const char* name : {"net/http.(*conn).serve", "runtime.gopanic", "fmt.Println", "type:.eq.main.T"}) {
    EXPECT_FALSE(is_listed({}, name)) << name;
  }
  EXPECT_TRUE(is_listed(Patterns{"conn"}, "net/http.(*conn).serve"));
  for (const char* name : {"main.main", "main.(*T).M", "example.com/x.F", "gopkg.in/yaml.v3.Unmarshal"}) {
    EXPECT_TRUE(is_listed({}, name)) << name;
  }
}

TEST_F(ListFunctions, SayWhatCannotBeDone) {
  const auto index = facts_.function("main.endless", 0, 0);
  facts_.details(index).no_returns = "it has no RET";
  facts_.details(index).entry_instruction = "sub rsp, 0x18";
  facts_.details(index).inlined_into = {"main.a", "main.b"};
  facts_.facts().inlined_only["main.tiny"] = 3;
  EXPECT_EQ(print_functions(list({"endless", "tiny"})),
            "main.endless\n"
            "    types unknown: " +
                list({"endless"})[0].source +
                "\n"
                "    no durations and results: it has no RET\n"
                "    entry at sub rsp, 0x18 (single-stepped), 0 returns\n"
                "    also inlined in 2 callers: main.a, main.b\n"
                "main.tiny\n"
                "    inlined everywhere: a counter with inlined: true counts it\n");
}

TEST_F(ListFunctions, AsJson) {
  EXPECT_EQ(functions_as_json({}), "[]\n");
  EXPECT_THAT(
      functions_as_json(list({"order"})),
      testing::AllOf(HasSubstr("\"name\": \"example.com/shop.(*Cart).Order\""), HasSubstr("\"returns\": 2")));
}

TEST_F(ListFunctions, AreNoneWhereNothingMatches) {
  EXPECT_THAT(list({"no such name"}), IsEmpty());
}

}  // namespace
}  // namespace plan
