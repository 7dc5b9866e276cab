#include "plan/output/list_types.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/facts_builder.hpp"

namespace plan {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

using Patterns = std::vector<std::string>;

class ListTypes : public testing::Test {
 protected:
  ListTypes() {
    const auto base = facts_.structure("example.com/shop", "shop.Base", {{"id", facts_.int64}});
    const auto cart =
        facts_.structure("example.com/shop", "shop.Cart", {{"owner", facts_.string}, {"base", base}});
    facts_.method(facts_.pointer(cart), "Order", {}, {facts_.error});
    facts_.structure("example.com/other", "other.Cart", {});
    facts_.basic("shop.Kind", support::TypeKind::kInt, 4, "example.com/shop");
    facts_.interface("example.com/shop", "shop.Orderer", {"Order"});
    facts_.interface("example.com/shop", "shop.Payer", {"Pay"});
  }

  support::FactsBuilder facts_;
};

TEST_F(ListTypes, AreFoundByAPartOfTheirNameOrAPattern) {
  const auto found = list_types(facts_.facts(), Patterns{"cart"});
  ASSERT_THAT(found, SizeIs(2)) << "no pointers";
  EXPECT_EQ(found[0].package, "example.com/other");
  EXPECT_EQ(found[1].name, "shop.Cart");
  EXPECT_THAT(list_types(facts_.facts(), Patterns{"example.com/shop.*"}), SizeIs(5));
  EXPECT_THAT(list_types(facts_.facts(), Patterns{"shop.Cart"}), SizeIs(1));
  EXPECT_THAT(list_types(facts_.facts(), Patterns{"nothing"}), SizeIs(0));
}

TEST_F(ListTypes, HaveFieldsWithTypes) {
  const auto found = list_types(facts_.facts(), Patterns{"shop.Cart"});
  EXPECT_THAT(found[0].fields, ElementsAre(ListedField{"owner", "string", 0, false},
                                           ListedField{"base", "shop.Base", 16, false}));
  EXPECT_EQ(print_types(found),
            "shop.Cart  struct, 24 bytes (example.com/shop)\n"
            "    owner  string\n"
            "    base   shop.Base\n");
}

TEST_F(ListTypes, OfNumbersSayWhatTheyAreMadeOf) {
  EXPECT_EQ(print_types(list_types(facts_.facts(), Patterns{"shop.Kind"})),
            "shop.Kind  int32, 4 bytes (example.com/shop)\n");
}

TEST_F(ListTypes, OfInterfacesNameWhatTheyCanHold) {
  EXPECT_EQ(print_types(list_types(facts_.facts(), Patterns{"shop.Orderer", "shop.Payer"})),
            "shop.Orderer  interface, 16 bytes (example.com/shop)\n"
            "    methods: Order\n"
            "    can hold: *shop.Cart\n"
            "shop.Payer  interface, 16 bytes (example.com/shop)\n"
            "    methods: Pay\n"
            "    can hold: no type that the binary describes\n");
}

TEST_F(ListTypes, AsJson) {
  EXPECT_EQ(types_as_json({}), "[]\n");
  EXPECT_THAT(types_as_json(list_types(facts_.facts(), Patterns{"shop.Orderer"})),
              testing::AllOf(HasSubstr("\"implemented_by\": [\n      \"*shop.Cart\"\n    ]"),
                             HasSubstr("\"kind\": \"interface\"")));
}

}  // namespace
}  // namespace plan
