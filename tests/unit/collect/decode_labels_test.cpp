#include "collect/decode_labels.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace collect {
namespace {

using plan::LabelField;

std::vector<std::byte> bytes(std::initializer_list<unsigned> values) {
  std::vector<std::byte> result;
  for (const unsigned value : values) {
    result.push_back(static_cast<std::byte>(value));
  }
  return result;
}

std::string decoded(const LabelField& field, const std::vector<std::byte>& values,
                    std::uint16_t function = 0) {
  plan::ProbePlan plan;
  plan.functions = {"main.A", "main.B"};
  plan.type_names = {{0x4010, "*pb.Chat"}};
  return decode_label(field, values, function, plan);
}

TEST(DecodeLabel, ReadsStringsAndMarksCutOnes) {
  const LabelField field{.kind = LabelField::Kind::kString, .offset = 1, .size = 6};
  EXPECT_EQ(decoded(field, bytes({9, 2, 0, 'o', 'k', 0, 0})), "ok");
  EXPECT_EQ(decoded(field, bytes({9, 4, 0, 'f', 'o', 'u', 'r'})), "four");
  EXPECT_EQ(decoded(field, bytes({9, 5, 0, 'f', 'o', 'u', 'r'})), "four…");
  EXPECT_EQ(decoded(field, bytes({9, 0, 0, 0, 0, 0, 0})), "");
  EXPECT_EQ(decoded(field, bytes({9, 4, 0})), "") << "shorter than the field";
}

TEST(DecodeLabel, ReadsIntegersByWidthAndSign) {
  EXPECT_EQ(decoded({.kind = LabelField::Kind::kInteger, .size = 1, .is_signed = true}, bytes({0xff})), "-1");
  EXPECT_EQ(decoded({.kind = LabelField::Kind::kInteger, .size = 1}, bytes({0xff})), "255");
  EXPECT_EQ(decoded({.kind = LabelField::Kind::kInteger, .size = 2, .is_signed = true}, bytes({0, 0x80})),
            "-32768");
  EXPECT_EQ(decoded({.kind = LabelField::Kind::kInteger, .size = 8},
                    bytes({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})),
            "18446744073709551615");
}

TEST(DecodeLabel, NamesWhatIsStoredAsANumber) {
  EXPECT_EQ(decoded({.kind = LabelField::Kind::kBool, .size = 1}, bytes({1})), "true");
  EXPECT_EQ(decoded({.kind = LabelField::Kind::kCase, .size = 1, .cases = {"ok", "error"}}, bytes({1})),
            "error");
  EXPECT_EQ(decoded({.kind = LabelField::Kind::kCase, .size = 1, .cases = {"ok"}}, bytes({7})), "");
  EXPECT_EQ(decoded({.kind = LabelField::Kind::kFunction}, {}, 1), "main.B");
  EXPECT_EQ(decoded({.kind = LabelField::Kind::kConstant, .cases = {"x"}}, {}), "x");
  EXPECT_EQ(decoded({.kind = LabelField::Kind::kType, .size = 8}, bytes({0x10, 0x40, 0, 0, 0, 0, 0, 0})),
            "*pb.Chat");
  EXPECT_EQ(decoded({.kind = LabelField::Kind::kType, .size = 8}, bytes({0x11, 0, 0, 0, 0, 0, 0, 0})),
            "type@0x11");
  EXPECT_EQ(decoded({.kind = LabelField::Kind::kType, .size = 8}, bytes({0, 0, 0, 0, 0, 0, 0, 0})), "");
}

TEST(DecodeLabel, SaysSoWhenAnOptionalValueIsMissing) {
  const LabelField field{
      .kind = LabelField::Kind::kInteger, .offset = 1, .size = 1, .optional = true, .absent = "none"};
  EXPECT_EQ(decoded(field, bytes({0, 5})), "none");
  EXPECT_EQ(decoded(field, bytes({1, 5})), "5");
}

}  // namespace
}  // namespace collect
