#include "inspect/go/go_types.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>

#include "inspected_file.hpp"
#include "support/go_fixture.hpp"

namespace inspect {
namespace {

using ::testing::ElementsAre;

const Type& type_named(const BinaryFacts& facts, std::string_view name) {
  const std::vector<TypeId> ids = facts.types.named(name);
  if (ids.size() != 1) {
    throw std::runtime_error(fmt::format("{} types are called {}", ids.size(), name));
  }
  return facts.types[ids.front()];
}

const Field& field_of(const Type& type, std::string_view name) {
  const auto field = std::ranges::find(type.fields, name, &Field::name);
  if (field == type.fields.end()) {
    throw std::runtime_error(fmt::format("{} has no field {}", type.name, name));
  }
  return *field;
}

const Method& method_of(const Type& type, std::string_view name) {
  const auto method = std::ranges::find(type.methods, name, &Method::name);
  if (method == type.methods.end()) {
    throw std::runtime_error(fmt::format("{} has no method {}", type.name, name));
  }
  return *method;
}

bool can_run(const support::GoBuild& build) {
  return !build.flavour.starts_with("c-shared");
}

// Addresses of a position-independent program differ from run to run.
bool has_fixed_addresses(const support::GoBuild& build) {
  return build.flavour.find("pie") == std::string::npos;
}

TEST(GoTypes, AgreesWithWhatTheProgramSaysOfItself) {
  for (const support::GoBuild& build : support::go_builds()) {
    SCOPED_TRACE(build.name());
    if (!can_run(build)) {
      continue;
    }
    const std::string path = support::built(build);
    const BinaryFacts facts = facts_of(path);
    int compared = 0;
    for (const std::string& line : lines_of(path + " 2>/dev/null")) {
      SCOPED_TRACE(line);
      std::istringstream words(line);
      std::string what;
      std::string type;
      std::string field;
      std::uint64_t expected = 0;
      words >> what >> type;
      if (what == "field") {
        words >> field >> expected;
        EXPECT_EQ(field_of(type_named(facts, type), field).offset, expected);
      } else if (what == "size") {
        words >> expected;
        EXPECT_EQ(type_named(facts, type).size, expected);
      } else if (what == "descriptor" && has_fixed_addresses(build)) {
        words >> expected;
        EXPECT_EQ(value_of(type_named(facts, type).descriptor.value()), expected);
      } else if (what == "itab" && has_fixed_addresses(build)) {
        words >> expected;
        ASSERT_TRUE(facts.itab_types.contains(expected));
        EXPECT_EQ(facts.types[facts.itab_types.at(expected)].name, type);
      }
      ++compared;
    }
    EXPECT_GE(compared, 20);
  }
}

TEST(GoTypes, DescribesEveryKindOfField) {
  for (const support::GoBuild& build : support::go_builds()) {
    SCOPED_TRACE(build.name());
    const BinaryFacts facts = facts_of(support::built(build));
    const Type& order = type_named(facts, "apiv1.Order");
    EXPECT_EQ(order.package, "example.com/inspect_fixture/api/v1");
    EXPECT_EQ(order.kind, TypeKind::kStruct);
    std::vector<std::string> fields;
    for (const Field& field : order.fields) {
      fields.push_back(field.name + " " + facts.types[field.type].name + (field.embedded ? " embedded" : ""));
    }
    EXPECT_THAT(fields, ElementsAre("ID int64", "flags uint8", "Customer string", "Lines []apiv1.Line",
                                    "parent *apiv1.Order", "Tags map[string]int", "Done chan apiv1.Line",
                                    "Notify func(apiv1.Line) error", "Failure error", "Grid [3]int16",
                                    "Anything interface {}", "Line apiv1.Line embedded"));
    EXPECT_EQ(facts.types[field_of(order, "Grid").type].length, 3U);
    const Type& tags = facts.types[field_of(order, "Tags").type];
    EXPECT_EQ(facts.types[tags.key].name, "string");
    EXPECT_EQ(facts.types[tags.element].name, "int");
    EXPECT_TRUE(facts.types[field_of(order, "Anything").type].empty_interface);
    const Type& error = facts.types[field_of(order, "Failure").type];
    EXPECT_FALSE(error.empty_interface);
    EXPECT_EQ(method_of(error, "Error").name, "Error");
    EXPECT_TRUE(facts.types[field_of(order, "parent").type].direct_in_interface);
    EXPECT_TRUE(tags.direct_in_interface);
    EXPECT_FALSE(order.direct_in_interface);
  }
}

TEST(GoTypes, GivesMethodsTheirSignatureAndAddress) {
  for (const support::GoBuild& build : support::go_builds()) {
    SCOPED_TRACE(build.name());
    const BinaryFacts facts = facts_of(support::built(build));
    const Method& send = method_of(type_named(facts, "*main.Service"), "Send");
    ASSERT_NE(send.signature, TypeId::kNone);
    std::vector<std::string> types;
    for (const TypeId parameter : facts.types[send.signature].parameters) {
      types.push_back(facts.types[parameter].name);
    }
    for (const TypeId result : facts.types[send.signature].results) {
      types.push_back("-> " + facts.types[result].name);
    }
    EXPECT_THAT(types, ElementsAre("*apiv1.Order", "int", "float64", "-> *apiv1.Line", "-> error"));
    const auto function =
        std::ranges::find(facts.functions, std::string("main.(*Service).Send"), &Function::name);
    ASSERT_NE(function, facts.functions.end());
    EXPECT_EQ(send.function, function->entry);
    EXPECT_EQ(method_of(type_named(facts, "main.Lookup"), "String").name, "String");
    EXPECT_EQ(type_named(facts, "main.Lookup").package, "main");
  }
}

// Data of a stripped build can lie elsewhere, so the unstripped one is read.
TEST(GoTypes, FindsItabsWhereNmSaysTheyAre) {
  for (const support::GoBuild& build : support::go_builds()) {
    SCOPED_TRACE(build.name());
    if (build.minor() >= 27) {
      continue;  // no such symbols any more; what the program says of itself is the oracle
    }
    const std::string path = support::built(unstripped(build));
    const BinaryFacts facts = facts_of(path);
    const auto symbols = symbols_by_go_nm(path, "RrDd");
    std::size_t compared = 0;
    for (const auto& [symbol, address] : symbols) {
      // "go:itab.*main.Service,main.Sender"; "go.itab." up to Go 1.19.
      if (!symbol.starts_with("go:itab.") && !symbol.starts_with("go.itab.")) {
        continue;
      }
      const std::string concrete = symbol.substr(8, symbol.find(',') - 8);
      if (concrete.find('/') != std::string::npos) {
        continue;  // the metadata prints package names
      }
      const auto found = facts.itab_types.find(address);
      ASSERT_NE(found, facts.itab_types.end()) << symbol;
      EXPECT_EQ(facts.types[found->second].name, concrete);
      ++compared;
    }
    EXPECT_GE(compared, 8U);
  }
}

// Offsets of runtime.g.goid and runtime.m.curg by Go version, from the DWARF of each (facts of Go's source);
// the exporter itself has no such table.
TEST(GoTypes, KnowsTheRuntimesOwnStructs) {
  for (const support::GoBuild& build : support::go_builds()) {
    SCOPED_TRACE(build.name());
    const BinaryFacts facts = facts_of(support::built(build));
    const int minor = build.minor();
    EXPECT_EQ(field_of(type_named(facts, "runtime.g"), "goid").offset,
              minor == 23 || minor == 24 ? 160U : 152U);
    EXPECT_EQ(field_of(type_named(facts, "runtime.g"), "stack").offset, 0U);
    EXPECT_EQ(field_of(type_named(facts, "runtime.m"), "curg").offset, minor >= 25 ? 184U : 192U);
    EXPECT_EQ(field_of(type_named(facts, "runtime.hchan"), "qcount").offset, 0U);
    const std::uint64_t recovered = minor <= 21 ? 48U : minor <= 25 ? 96U : 88U;
    EXPECT_EQ(field_of(type_named(facts, "runtime._panic"), "recovered").offset, recovered);
  }
}

}  // namespace
}  // namespace inspect
