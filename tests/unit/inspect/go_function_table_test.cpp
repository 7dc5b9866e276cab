#include "inspect/go/go_function_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "inspected_file.hpp"
#include "support/elf_builder.hpp"
#include "support/go_fixture.hpp"
#include "support/result_matchers.hpp"

namespace inspect {
namespace {

using base::ErrorCode;
using support::ElfBuilder;
using support::IsError;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Key;

// Symbols that mark places and are no functions (cmd/link/internal/ld/symtab.go), and those of C code.
bool is_go_function(const std::string& symbol) {
  return symbol.find('.') != std::string::npos && symbol != "runtime.text" && symbol != "runtime.etext" &&
         symbol != "go.buildid" && symbol != "go:buildid" && !symbol.starts_with("type..namedata") &&
         !symbol.starts_with("_cgo") && !symbol.starts_with("x_cgo");
}

// The symbol table tells apart the two calling conventions of one function.
std::string without_convention(const std::string& symbol) {
  return symbol.ends_with(".abi0") ? symbol.substr(0, symbol.size() - 5) : symbol;
}

// Types inside functions are called "T·1"; nm prints a dot.
std::string with_dots(std::string name) {
  for (std::size_t at = name.find("\u00b7"); at != std::string::npos; at = name.find("\u00b7")) {
    name.replace(at, 2, ".");
  }
  return name;
}

// Go up to 1.20 writes "[...]" for type arguments into its own table, and the whole name into the symbol
// table.
bool is_same_name(const std::string& ours, const std::string& symbol) {
  const std::size_t dots = ours.find("[...]");
  return ours == symbol || (dots != std::string::npos && symbol.starts_with(ours.substr(0, dots + 1)) &&
                            symbol.ends_with(ours.substr(dots + 4)));
}

TEST(GoFunctionTable, HasTheFunctionsThatGoToolNmLists) {
  for (const support::GoBuild& build : support::go_builds()) {
    SCOPED_TRACE(build.name());
    const BinaryFacts facts = facts_of(support::built(build));
    std::multimap<std::uint64_t, std::string> ours;
    for (const Function& function : facts.functions) {
      if (function.runtime == Runtime::kGo) {
        ours.emplace(value_of(function.entry), function.name);
      }
    }
    std::size_t compared = 0;
    for (const auto& [symbol, address] : symbols_by_go_nm(support::built(unstripped(build)))) {
      const auto [first, last] = ours.equal_range(address);
      if (!is_go_function(symbol) || first == last) {
        continue;
      }
      const std::string name = unescaped(without_convention(symbol));
      EXPECT_TRUE(std::any_of(
          first, last, [&name](const auto& entry) { return is_same_name(with_dots(entry.second), name); }))
          << std::hex << address << " is " << name << ", not " << first->second;
      ++compared;
    }
    // nm may list more (C code, marks); of our own functions it must know almost every one.
    EXPECT_GT(compared * 100, ours.size() * 97);
  }
}

TEST(GoFunctionTable, KnowsWhatTheCompilerMade) {
  for (const support::GoBuild& build : support::go_builds()) {
    SCOPED_TRACE(build.name());
    const BinaryFacts facts = facts_of(support::built(build));
    std::map<std::string, bool> wrapper;
    std::map<std::string, bool> assembly;
    for (const Function& function : facts.functions) {
      wrapper.emplace(function.name, function.wrapper);
      assembly.emplace(function.name, function.assembly);
    }
    EXPECT_TRUE(wrapper.at("main.(*Plain).Send"));
    EXPECT_FALSE(wrapper.at("main.Plain.Send"));
    EXPECT_FALSE(wrapper.at("main.(*Service).Send"));
    EXPECT_FALSE(wrapper.at("main.main"));
    EXPECT_TRUE(assembly.at("runtime.mcall"));
    EXPECT_FALSE(assembly.at("runtime.mallocgc"));
  }
}

TEST(GoFunctionTable, ResolvesEscapesInNames) {
  EXPECT_EQ(unescaped("gopkg.in/yaml%2ev3.(*Decoder).Decode"), "gopkg.in/yaml.v3.(*Decoder).Decode");
  EXPECT_EQ(unescaped("plain"), "plain");
  EXPECT_EQ(unescaped("a%2"), "a%2");
  EXPECT_EQ(unescaped("%zz%41%"), "%zzA%");
  const BinaryFacts facts = facts_of(support::built({"1.26.8", "stripped"}));
  std::map<std::string, int> names;
  for (const Function& function : facts.functions) {
    ++names[function.name];
  }
  EXPECT_THAT(names, Contains(Key("example.com/inspect_fixture/dotted.v2.Deepen")));
}

std::string table_with(const std::string& magic) {
  return magic + std::string("\0\0\x01\x08", 4) + std::string(64, '\0');
}

base::Result<BinaryFacts> inspect_data(const std::string& data) {
  const std::vector<std::byte> file =
      ElfBuilder().code(0x401000, "\xc3").data(0x601000, data, data.size()).build();
  return inspect_binary(file, {.details = [](std::string_view) { return true; }, .inlined_copies = {}});
}

TEST(GoFunctionTable, RefusesVersionsBeforeTheCallingConvention) {
  EXPECT_THAT(
      inspect_data(table_with("\xfb\xff\xff\xff")),
      IsError(ErrorCode::kUnsupported, HasSubstr("built by Go 1.15 or older; Go 1.18 or newer is needed")));
  EXPECT_THAT(
      inspect_data(table_with("\xfa\xff\xff\xff")),
      IsError(ErrorCode::kUnsupported, HasSubstr("built by Go 1.16 or 1.17; Go 1.18 or newer is needed")));
}

TEST(GoFunctionTable, TakesAStrayMagicForDataOfAnotherLanguage) {
  const base::Result<BinaryFacts> facts = inspect_data(table_with("\xf1\xff\xff\xff"));
  ASSERT_TRUE(facts.has_value()) << facts.error().message;
  EXPECT_EQ(facts->runtime, Runtime::kNative);
}

// garble writes another magic into the table.
TEST(GoFunctionTable, RefusesGarbledPrograms) {
  const base::MappedFile file = mapped(support::built({"1.26.8", "stripped"}));
  std::vector<std::byte> garbled(file.bytes().begin(), file.bytes().end());
  base::Result<ElfImage> image = ElfImage::parse(garbled);
  garbled.at(image->section(".gopclntab")->offset) = std::byte{0x5a};
  EXPECT_THAT(
      inspect_binary(garbled, {.details = [](std::string_view) { return true; }, .inlined_copies = {}}),
      IsError(ErrorCode::kUnsupported, HasSubstr("the program is garbled")));
}

}  // namespace
}  // namespace inspect
