#include "inspect/go/go_self_checked_code.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "inspected_file.hpp"
#include "support/elf_builder.hpp"
#include "support/go_fixture.hpp"

namespace inspect {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint64_t kCode = 0x401000;
constexpr std::uint64_t kData = 0x500000;

std::string words(std::initializer_list<std::uint64_t> values) {
  std::string bytes;
  for (const std::uint64_t value : values) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  return bytes;
}

std::string info_at(std::uint64_t self, std::uint64_t start, std::uint64_t end) {
  return std::string("\xff Go fipsinfo \xff\x00", 16) + std::string(32, 's') +
         words({self, start, end, kData, kData + 8, 0, 0, 0, 0});
}

std::vector<AddressRange> found_in(const std::string& data) {
  const std::vector<std::byte> file =
      support::ElfBuilder().code(kCode, std::string(256, '\xc3')).data(kData, data, data.size()).build();
  return find_self_checked_code(ElfImage::parse(file).value());
}

TEST(SelfCheckedCode, IsWhatTheLinkerSays) {
  EXPECT_THAT(found_in(std::string(24, 'x') + info_at(kData + 24, kCode + 16, kCode + 32)),
              ElementsAre(AddressRange{VirtualAddress{kCode + 16}, VirtualAddress{kCode + 32}}));
}

TEST(SelfCheckedCode, IsNotWhatOnlyLooksLikeIt) {
  EXPECT_THAT(found_in("nothing of the kind"), IsEmpty());
  EXPECT_THAT(found_in(info_at(kData + 8, kCode, kCode + 32)), IsEmpty());  // a copy of it
  EXPECT_THAT(found_in(info_at(kData, kCode + 32, kCode)), IsEmpty());
  EXPECT_THAT(found_in(info_at(kData, kData, kData + 32)), IsEmpty());  // no code
  EXPECT_THAT(found_in(info_at(kData, kCode, kCode + 32).substr(0, 50)), IsEmpty());
}

// go tool nm knows the names that the linker gave to the ends of the range.
TEST(SelfCheckedCode, AgreesWithTheSymbols) {
  for (const char* version : {"1.24.13", "1.25.4", "1.26.8", "1.27.4"}) {
    for (const char* flavour : {"stripped", "pie-stripped", "external-pie-stripped"}) {
      const support::GoBuild build{version, flavour, "self_check"};
      SCOPED_TRACE(build.name());
      const auto symbols = symbols_by_go_nm(support::built(unstripped(build)));
      ASSERT_EQ(symbols.count("go:textfipsstart"), 1U);
      const std::uint64_t start = symbols.find("go:textfipsstart")->second;
      const std::uint64_t end = symbols.find("go:textfipsend")->second;
      const BinaryFacts facts = facts_of(
          support::built(build), [](std::string_view name) { return name.ends_with("Digest).Write"); });
      EXPECT_THAT(facts.self_checked_code, ElementsAre(AddressRange{static_cast<VirtualAddress>(start),
                                                                    static_cast<VirtualAddress>(end)}));
      const Function* const inside =
          function_named(facts, "crypto/internal/fips140/sha256.(*Digest).Write").function;
      EXPECT_TRUE(facts.checks_itself_at(inside->entry));
      EXPECT_FALSE(facts.checks_itself_at(static_cast<VirtualAddress>(end)));
    }
  }
}

// Tools that remove the section table leave the program as it is.
TEST(SelfCheckedCode, IsFoundWithoutSections) {
  const support::GoBuild build{"1.26.8", "pie-stripped", "self_check"};
  const base::MappedFile file = mapped(support::built(build));
  std::vector<std::byte> without(file.bytes().begin(), file.bytes().end());
  std::fill_n(without.begin() + 40, 8, std::byte{0});  // e_shoff
  std::fill_n(without.begin() + 60, 4, std::byte{0});  // e_shnum, e_shstrndx
  EXPECT_EQ(find_self_checked_code(ElfImage::parse(without).value()),
            facts_of(support::built(build)).self_checked_code);
}

TEST(SelfCheckedCode, IsInNoProgramBeforeGo124) {
  EXPECT_THAT(facts_of(support::built({"1.22.12", "stripped"})).self_checked_code, IsEmpty());
}

}  // namespace
}  // namespace inspect
