#include "inspect/dwarf/dwarf_index.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "inspected_file.hpp"
#include "support/go_fixture.hpp"

namespace inspect {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Optional;

std::vector<std::string> texts_of(const BinaryFacts& facts, const std::vector<NamedParameter>& parameters) {
  std::vector<std::string> texts;
  for (const NamedParameter& parameter : parameters) {
    texts.push_back(parameter.name + " " +
                    (parameter.type == TypeId::kNone ? "?" : facts.types[parameter.type].name));
  }
  return texts;
}

bool has_dwarf(const support::GoBuild& build) {
  return build.flavour.find("stripped") == std::string::npos && build.flavour != "trimpath";
}

// Stripped builds of the list are replaced by their unstripped twins, so that each version is read.
std::vector<support::GoBuild> builds_with_dwarf() {
  std::vector<support::GoBuild> builds;
  for (support::GoBuild build : support::go_builds()) {
    build = unstripped(build);
    const auto same = [&build](const support::GoBuild& other) { return other.name() == build.name(); };
    if (has_dwarf(build) && std::ranges::none_of(builds, same)) {
      builds.push_back(build);
    }
  }
  return builds;
}

TEST(DwarfIndex, NamesParametersAndResults) {
  for (const support::GoBuild& build : builds_with_dwarf()) {
    SCOPED_TRACE(build.name());
    const BinaryFacts facts =
        facts_of(support::built(build), [](std::string_view name) { return name.starts_with("main."); });
    EXPECT_TRUE(facts.has_dwarf);
    const auto signature = [&facts](std::string_view name) {
      return function_named(facts, name).details->debug_signature.value_or(DebugSignature{});
    };
    const DebugSignature send = signature("main.(*Service).Send");
    EXPECT_THAT(texts_of(facts, send.parameters),
                ElementsAre("s *main.Service", "order *apiv1.Order", "count int", "price float64"));
    EXPECT_THAT(texts_of(facts, send.results), ElementsAre("~r0 *apiv1.Line", "~r1 error"));
    const DebugSignature named = signature("main.namedResults");
    EXPECT_THAT(texts_of(facts, named.parameters), ElementsAre("order *apiv1.Order", "names []string"));
    EXPECT_THAT(texts_of(facts, named.results), ElementsAre("total int", "err error"));
    const DebugSignature plain = signature("main.Plain.Send");
    EXPECT_THAT(texts_of(facts, plain.parameters),
                ElementsAre("p main.Plain", "order *apiv1.Order", "count int", "price float64"));
  }
}

TEST(DwarfIndex, SaysWhereAClosureKeepsWhatItCaptured) {
  for (const support::GoBuild& build : builds_with_dwarf()) {
    SCOPED_TRACE(build.name());
    const BinaryFacts facts = facts_of(support::built(build), [](std::string_view name) {
      return name == "main.closures.func1" || name == "main.closures";
    });
    const auto captured_by = [&facts](std::string_view name) {
      return function_named(facts, name).details->debug_signature.value().captured;
    };
    EXPECT_THAT(captured_by("main.closures"), IsEmpty());
    const std::vector<CapturedVariable> captured = captured_by("main.closures.func1");
    constexpr int kFirstThatSays = 23;
    ASSERT_EQ(captured.size(), build.minor() >= kFirstThatSays ? 1U : 0U);
    for (const CapturedVariable& variable : captured) {
      EXPECT_EQ(variable.name, "&base");
      EXPECT_EQ(facts.types[variable.type].name, "*int");
      EXPECT_EQ(variable.offset, 8U);
    }
  }
}

TEST(DwarfIndex, KeepsTheRuntimesDescriptors) {
  for (const support::GoBuild& build : builds_with_dwarf()) {
    SCOPED_TRACE(build.name());
    const BinaryFacts facts =
        facts_of(support::built(build), [](std::string_view name) { return name == "main.(*Service).Send"; });
    const DebugSignature signature =
        function_named(facts, "main.(*Service).Send").details->debug_signature.value();
    for (const NamedParameter& parameter : signature.parameters) {
      EXPECT_THAT(facts.types[parameter.type].descriptor, Not(std::nullopt)) << parameter.name;
    }
  }
}

// A type that nothing converts to an interface has no descriptor, so all about it comes from DWARF.
TEST(DwarfIndex, DescribesTypesThatTheMetadataLacks) {
  for (const support::GoBuild& build : builds_with_dwarf()) {
    SCOPED_TRACE(build.name());
    const BinaryFacts facts =
        facts_of(support::built(build), [](std::string_view name) { return name == "main.measure"; });
    const DebugSignature signature = function_named(facts, "main.measure").details->debug_signature.value();
    ASSERT_EQ(signature.parameters.size(), 1U);
    const Type& pointer = facts.types[signature.parameters[0].type];
    EXPECT_EQ(pointer.name, "*main.hidden");
    const Type& hidden = facts.types[pointer.element];
    EXPECT_EQ(hidden.name, "main.hidden");
    EXPECT_EQ(hidden.package, "main");
    EXPECT_EQ(hidden.size, 80U);
    EXPECT_EQ(hidden.align, 8U);
    std::vector<std::string> fields;
    for (const Field& field : hidden.fields) {
      fields.push_back(fmt::format("{} {} {}{}", field.offset, field.name, facts.types[field.type].name,
                                   field.embedded ? " embedded" : ""));
    }
    EXPECT_THAT(fields, ElementsAre("0 small uint8", "8 Line apiv1.Line embedded",
                                    "24 byName map[string]*main.hidden", "32 grid [2][3]int16",
                                    "48 sender main.Sender", "64 any interface {}"));
    EXPECT_FALSE(facts.types[hidden.fields[4].type].empty_interface);
    EXPECT_TRUE(facts.types[hidden.fields[5].type].empty_interface);
  }
}

}  // namespace
}  // namespace inspect
