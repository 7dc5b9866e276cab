#include "inspect/inspect_binary.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <fstream>
#include <random>
#include <string>

#include "inspect/elf/elf_image.hpp"
#include "inspected_file.hpp"
#include "support/go_fixture.hpp"
#include "support/result_matchers.hpp"

namespace inspect {
namespace {

using ::support::IsError;
using ::testing::IsEmpty;

bool is_of_fixture(std::string_view name) {
  return name.starts_with("main.");
}

TEST(InspectBinary, TellsWhatTheFileIs) {
  for (const support::GoBuild& build : support::go_builds()) {
    SCOPED_TRACE(build.name());
    const BinaryFacts facts = facts_of(support::built(build));
    const bool is_stripped = unstripped(build).flavour != build.flavour;
    EXPECT_EQ(facts.runtime, Runtime::kGo);
    EXPECT_EQ(facts.architecture, Architecture::kAmd64);
    EXPECT_EQ(facts.stripped, is_stripped);
    EXPECT_EQ(facts.has_dwarf, !is_stripped);
    EXPECT_EQ(facts.position_independent,
              build.flavour.find("pie") != std::string::npos || build.flavour.starts_with("c-shared"));
    EXPECT_EQ(facts.dictionary_after_receiver, build.minor() >= 20);
    EXPECT_FALSE(facts.build_id.empty());
    EXPECT_THAT(facts.details, IsEmpty());
    EXPECT_TRUE(std::ranges::is_sorted(facts.functions, {}, &Function::entry));
  }
}

// A file without section headers is read through its segments, and says the same.
TEST(InspectBinary, NeedsNoSectionHeaders) {
  for (const support::GoBuild& build : support::go_builds()) {
    SCOPED_TRACE(build.name());
    const base::MappedFile file = mapped(support::built(build));
    std::vector<std::byte> without(file.bytes().begin(), file.bytes().end());
    std::fill_n(without.begin() + 40, 8, std::byte{0});  // e_shoff
    std::fill_n(without.begin() + 60, 4, std::byte{0});  // e_shnum, e_shstrndx
    const base::Result<BinaryFacts> bare =
        inspect_binary(without, {.details = is_of_fixture, .inlined_copies = {}});
    ASSERT_TRUE(bare.has_value()) << bare.error().message;
    const BinaryFacts whole = facts_of(support::built(build), is_of_fixture);
    EXPECT_EQ(bare->go_version, whole.go_version);
    EXPECT_EQ(bare->build_id, whole.build_id);
    EXPECT_EQ(bare->itab_types.size(), whole.itab_types.size());
    EXPECT_EQ(std::ranges::count(bare->functions, Runtime::kGo, &Function::runtime),
              std::ranges::count(whole.functions, Runtime::kGo, &Function::runtime));
    EXPECT_EQ(bare->details.size(), whole.details.size());
  }
}

// The headers are whole and the function table is gone.
TEST(InspectBinary, TellsThatAFileIsCutShort) {
  for (const char* flavour : {"plain", "pie-stripped"}) {
    SCOPED_TRACE(flavour);
    const base::MappedFile file = mapped(support::built({"1.26.8", flavour}));
    ASSERT_OK_AND_ASSIGN(const ElfImage image, ElfImage::parse(file.bytes()));
    EXPECT_LE(image.declared_size(), file.bytes().size());
    const std::size_t start_of_table = image.section(".gopclntab")->offset;
    const std::string expected = fmt::format(
        "the file is cut short: it has {} bytes, and its headers speak of {}; copy or build it again",
        start_of_table, image.declared_size());
    EXPECT_THAT(inspect_binary(file.bytes().first(start_of_table), {}),
                IsError(base::ErrorCode::kCorruptBinary, expected));
  }
}

// Functions and types of arm64 are there for messages; sites are refused.
TEST(InspectBinary, RefusesSitesOfArm64WithAReason) {
  const BinaryFacts facts = facts_of(support::built({"1.26.8", "arm64"}), is_of_fixture);
  EXPECT_EQ(facts.architecture, Architecture::kArm64);
  EXPECT_EQ(facts.runtime, Runtime::kGo);
  EXPECT_EQ(facts.types.named("apiv1.Order").size(), 1U);
  EXPECT_FALSE(facts.details.empty());
  for (const auto& [index, details] : facts.details) {
    EXPECT_EQ(details.unusable, "arm64 programs cannot be probed yet") << facts.functions[index].name;
    EXPECT_THAT(details.return_sites, IsEmpty());
  }
}

// Damaged files: no crash, no hang, and no more than 1 GiB beyond what the program has mapped: sanitizers map
// terabytes.
class HostileInput : public ::testing::Test {
 protected:
  void SetUp() override {
    ::getrlimit(RLIMIT_AS, &before_);
    const rlimit limit{.rlim_cur = mapped_bytes() + (1ULL << 30U), .rlim_max = before_.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_AS, &limit), 0);
  }

  void TearDown() override { ::setrlimit(RLIMIT_AS, &before_); }

  // Must come back; with what, does not matter.
  static void inspect(std::span<const std::byte> file) {
    const std::clock_t start = std::clock();
    const base::Result<BinaryFacts> facts =
        inspect_binary(file, {.details = is_of_fixture, .inlined_copies = is_of_fixture});
    EXPECT_LT((std::clock() - start) / CLOCKS_PER_SEC, 5) << "seconds of a CPU";
    if (!facts) {
      EXPECT_FALSE(facts.error().message.empty());
    }
  }

 private:
  static std::uint64_t mapped_bytes() {
    std::uint64_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  }

  rlimit before_{};
};

TEST_F(HostileInput, SurvivesTruncationAtEveryPercent) {
  for (const char* flavour : {"plain", "pie-stripped"}) {
    const base::MappedFile file = mapped(support::built({"1.26.8", flavour}));
    for (std::size_t percent = 0; percent < 100; ++percent) {
      SCOPED_TRACE(percent);
      inspect(file.bytes().first(file.bytes().size() * percent / 100));
    }
  }
}

TEST_F(HostileInput, SurvivesChangedBytes) {
  constexpr int kFiles = 500;
  constexpr int kChangesPerFile = 4;
  const std::string path = support::built({"1.26.8", "plain"});
  const base::MappedFile file = mapped(path);
  std::vector<std::byte> damaged(file.bytes().begin(), file.bytes().end());
  const base::Result<ElfImage> image = ElfImage::parse(file.bytes());
  ASSERT_TRUE(image.has_value());
  std::mt19937 random(20240607);
  // Each file has a change in its headers, function table, types or debug information, where it does most.
  for (int round = 0; round < kFiles; ++round) {
    SCOPED_TRACE(round);
    std::vector<std::pair<std::size_t, std::byte>> undo;
    for (int change = 0; change < kChangesPerFile; ++change) {
      const Section& section = image->sections()[random() % image->sections().size()];
      const bool in_headers = change == 0 && round % 4 == 0;
      const std::size_t start = in_headers ? 0 : section.offset;
      const std::size_t size = in_headers ? 1024 : std::max<std::size_t>(image->contents(section).size(), 1);
      const std::size_t place = std::min(start + random() % size, damaged.size() - 1);
      undo.emplace_back(place, damaged[place]);
      damaged[place] = static_cast<std::byte>(random());
    }
    inspect(damaged);
    while (!undo.empty()) {
      damaged[undo.back().first] = undo.back().second;
      undo.pop_back();
    }
  }
}

}  // namespace
}  // namespace inspect
