#include "inspect/go/go_argument_words.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "inspected_file.hpp"
#include "support/go_fixture.hpp"

namespace inspect {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<ArgumentWord> words_in(std::string_view bytes) {
  return parse_argument_words(base::ByteView(std::as_bytes(std::span(bytes))));
}

TEST(ArgumentWords, ListsWordsInsideAggregates) {
  EXPECT_THAT(words_in("\x01\x08\xfe\x08\x08\x10\x08\xfd\x18\x04\xff"),
              ElementsAre(ArgumentWord{1, 8}, ArgumentWord{8, 8}, ArgumentWord{16, 8}, ArgumentWord{24, 4}));
}

TEST(ArgumentWords, StopsWhereTheCompilerLeftWordsOut) {
  EXPECT_THAT(words_in("\x08\x08\xfc\xff"), ElementsAre(ArgumentWord{8, 8}));
  EXPECT_THAT(words_in("\x08\x08\xfb\x10\x08\xff"), ElementsAre(ArgumentWord{8, 8}));
}

TEST(ArgumentWords, EndsWithTheBytes) {
  EXPECT_THAT(words_in(""), IsEmpty());
  EXPECT_THAT(words_in("\xfe\xfe"), IsEmpty());
  EXPECT_LE(words_in(std::string(100'000, '\x01')).size(), 64U);
}

TEST(ArgumentWords, MatchesTheSourcesSignatures) {
  for (const support::GoBuild& build : support::go_builds()) {
    SCOPED_TRACE(build.name());
    const BinaryFacts facts =
        facts_of(support::built(build), [](std::string_view name) { return name.starts_with("main."); });
    // receiver, *Order, int, float64
    EXPECT_THAT(
        function_named(facts, "main.(*Service).Send").details->argument_words,
        ElementsAre(ArgumentWord{0, 8}, ArgumentWord{8, 8}, ArgumentWord{16, 8}, ArgumentWord{24, 8}));
    EXPECT_EQ(function_named(facts, "main.(*Service).Send").function->arguments_size, 32);
    // *Order, []string
    EXPECT_THAT(
        function_named(facts, "main.namedResults").details->argument_words,
        ElementsAre(ArgumentWord{0, 8}, ArgumentWord{8, 8}, ArgumentWord{16, 8}, ArgumentWord{24, 8}));
  }
}

}  // namespace
}  // namespace inspect
