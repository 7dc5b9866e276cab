#include "plan/output/propose_probes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/parse_config.hpp"
#include "support/facts_builder.hpp"

namespace plan {
namespace {

using support::FactsBuilder;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

using Patterns = std::vector<std::string>;

constexpr const char* kServices = "services:\n  shop: { match: { exe: x } }\n\n";

class ProposeProbes : public testing::Test {
 protected:
  ProposeProbes() {
    const auto cart =
        facts_.structure("example.com/shop", "shop.Cart",
                         {{"owner", facts_.string}, {"kind", facts_.int32}, {"next", facts_.word}});
    const auto item = facts_.structure("example.com/shop", "shop.Item", {{"Price", facts_.integer}});
    facts_.method(facts_.pointer(cart), "OrderHTTP",
                  {facts_.context, facts_.integer, facts_.boolean, facts_.pointer(item)},
                  {facts_.integer, facts_.error});
    facts_.function("example.com/shop.(*Cart).OrderHTTP", 48, 2);
    facts_.function("example.com/shop.(*Cart).OrderHTTP.func1", 0);
    facts_.function("main.load", 0);
  }

  [[nodiscard]] std::vector<ProposedProbe> propose(const Patterns& patterns) {
    auto probes = propose_probes(facts_.facts(), patterns);
    EXPECT_TRUE(probes.has_value()) << probes.error().message;
    return probes.value_or(std::vector<ProposedProbe>{});
  }

  FactsBuilder facts_;
};

TEST_F(ProposeProbes, OffersWhatCanBeRead) {
  const auto probes = propose({"example.com/shop.(*Cart).OrderHTTP"});
  ASSERT_THAT(probes, SizeIs(1)) << "its full name means no closure";
  EXPECT_EQ(probes[0].metric, "cart_order_http");
  EXPECT_EQ(probes[0].failed, "panicked || ret1 != nil");
  EXPECT_TRUE(probes[0].has_duration);
  EXPECT_THAT(probes[0].labels, ElementsAre(ProposedLabel{"arg1", "arg1", "int", false},
                                            ProposedLabel{"arg2", "arg2", "bool", true},
                                            ProposedLabel{"price", "arg3.Price", "int", false},
                                            ProposedLabel{"owner", "recv.owner", "string", false},
                                            ProposedLabel{"kind", "recv.kind", "int32", true},
                                            ProposedLabel{"next", "recv.next", "uintptr", false},
                                            ProposedLabel{"ret0", "ret0", "int", false}));
}

TEST_F(ProposeProbes, PrintsAFileThatIsRight) {
  const std::string text = kServices + print_proposal("shop", propose({"orderhttp", "main.load"}));
  const auto config = config::parse_config(text, "f");
  ASSERT_TRUE(config.has_value()) << config.error().message << "\n" << text;
  EXPECT_EQ(config->probes.size(), 2U) << "no closure";
  EXPECT_THAT(text, HasSubstr(R"(
  - service: shop
    function: "example.com/shop.(*Cart).OrderHTTP"
    labels:
      status: { error: 'panicked || ret1 != nil', else: ok }
      arg2: arg2
      kind: recv.kind
    # More that can be read; add the name to the labels of the metric, too:
    #   arg1: arg1    # int
    #   price: arg3.Price    # int
)"));
  EXPECT_THAT(
      text,
      HasSubstr(
          "  cart_order_http_total: { type: counter, help: \"Calls of shop.(*Cart).OrderHTTP.\", labels: "
          "[arg2, kind, status] }\n"));
}

TEST_F(ProposeProbes, SaysWhatIsNotKnown) {
  const auto probes = propose({"main.load"});
  EXPECT_EQ(probes[0].metric, "main_load");
  EXPECT_EQ(probes[0].failed, "");
  EXPECT_THAT(probes[0].remark, HasSubstr("signature"));
  EXPECT_THAT(print_proposal("shop", probes),
              HasSubstr("probes:\n  # " + probes[0].remark + "\n  - service: shop\n"));
}

TEST_F(ProposeProbes, CountsCallsOfWhatIsInlinedEverywhere) {
  facts_.facts().inlined_only["main.tiny"] = 3;
  const auto probes = propose({"main.tiny"});
  const std::string text = kServices + print_proposal("shop", probes);
  EXPECT_THAT(text, HasSubstr("    inlined: true\n    record: [main_tiny_total]\n"));
  EXPECT_TRUE(config::parse_config(text, "f").has_value());
}

TEST_F(ProposeProbes, HasADurationWhereReturnsCanBeProbed) {
  facts_.details(facts_.function("main.endless", 0, 0)).no_returns = "it has no RET";
  EXPECT_THAT(print_proposal("shop", propose({"main.endless"})), HasSubstr("record: [main_endless_total]\n"));
}

TEST_F(ProposeProbes, TellsFunctionsOfOneNameApart) {
  facts_.function("example.com/other/main.load", 0);
  const auto probes = propose({"load"});
  ASSERT_THAT(probes, SizeIs(2));
  EXPECT_NE(probes[0].metric, probes[1].metric);
}

TEST_F(ProposeProbes, RefusesNoFunctionTooManyAndWhatCannotBeProbed) {
  EXPECT_EQ(propose_probes(facts_.facts(), Patterns{"gone"}).error().message,
            "no function is meant by \"gone\"; uprobe_exporter functions lists what there is");
  const auto assembly = facts_.function("main.assembly", 0);
  facts_.details(assembly).unusable = "it is written in assembly";
  EXPECT_EQ(propose_probes(facts_.facts(), Patterns{"main.assembly"}).error().message,
            "main.assembly cannot be probed: it is written in assembly");
  for (int i = 0; i < 25; ++i) {
    facts_.function("main.many" + std::to_string(i), 0);
  }
  EXPECT_EQ(propose_probes(facts_.facts(), Patterns{"many"}).error().message,
            "25 functions are meant, more than 20; name those that matter");
}

}  // namespace
}  // namespace plan
