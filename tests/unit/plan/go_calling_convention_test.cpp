#include "plan/language/go/go_calling_convention.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/facts_builder.hpp"

namespace plan {
namespace {

using inspect::Architecture;
using inspect::ArgumentWord;
using support::FactsBuilder;
using support::TypeId;
using testing::ElementsAre;

// "RAX,RBX" or "X0" or "stack+8", and "spill+24" where it is in registers.
std::string place_of(const AbiValue& value, bool is_result = false) {
  if (!value.in_registers) {
    return "stack+" + std::to_string(value.stack_offset);
  }
  std::string text;
  for (const AbiLeaf& leaf : value.leaves) {
    const std::string name =
        leaf.is_float ? "X" + std::to_string(leaf.register_number)
                      : std::string(registers_of(Architecture::kAmd64).integer_names[leaf.register_number]);
    text += (text.empty() ? "" : ",") + name;
  }
  return is_result ? text : text + " spill+" + std::to_string(value.stack_offset);
}

class Convention : public testing::Test {
 protected:
  AbiLayout layout(std::vector<TypeId> parameters, std::vector<TypeId> results = {},
                   Architecture architecture = Architecture::kAmd64) {
    return assign_registers(facts.facts().types, parameters, results, registers_of(architecture));
  }

  FactsBuilder facts;
};

// Measured on `main.mixed` (facts/go-uprobes.md section 2): a [2]int parameter goes to the stack whole, args
// = 104.
TEST_F(Convention, AgreesWithACompiledFunctionThatMixesRegistersAndStack) {
  const TypeId one = facts.structure("main", "main.one", {{"p", facts.pointer(facts.integer)}});
  const TypeId pair = facts.structure("main", "main.pair", {{"x", facts.int64}, {"y", facts.int64}});
  const TypeId three =
      facts.structure("main", "main.three", {{"a", facts.int32}, {"b", facts.int32}, {"c", facts.int64}});
  const TypeId two_words = facts.array(facts.integer, 2);
  const AbiLayout mixed = layout(
      {facts.uint8, two_words, pair, facts.int32, one, three, facts.float64, facts.integer}, {two_words});
  EXPECT_EQ(place_of(mixed.parameters[1]), "stack+0");
  EXPECT_EQ(place_of(mixed.results[0], true), "stack+16");
  EXPECT_EQ(place_of(mixed.parameters[0]), "RAX spill+32");
  EXPECT_EQ(place_of(mixed.parameters[2]), "RBX,RCX spill+40");
  EXPECT_EQ(place_of(mixed.parameters[3]), "RDI spill+56");
  EXPECT_EQ(place_of(mixed.parameters[4]), "RSI spill+64");
  EXPECT_EQ(place_of(mixed.parameters[5]), "R8,R9,R10 spill+72");
  EXPECT_EQ(place_of(mixed.parameters[6]), "X0 spill+88");
  EXPECT_EQ(place_of(mixed.parameters[7]), "R11 spill+96");
  EXPECT_EQ(mixed.arguments_size, 104U);
  EXPECT_THAT(argument_words_of(facts.facts().types, mixed).words,
              ElementsAre(ArgumentWord{32, 1}, ArgumentWord{0, 8}, ArgumentWord{8, 8}, ArgumentWord{40, 8},
                          ArgumentWord{48, 8}, ArgumentWord{56, 4}, ArgumentWord{64, 8}, ArgumentWord{72, 4},
                          ArgumentWord{76, 4}, ArgumentWord{80, 8}));
}

// (*ChatService).SendMessage(*Req, int, float64) (*Resp, error): args = 32, ArgInfo 0:8 8:8 16:8 24:8.
TEST_F(Convention, AgreesWithACompiledMethod) {
  const TypeId pointer = facts.pointer(facts.integer);
  const AbiLayout method = layout({pointer, pointer, facts.integer, facts.float64}, {pointer, facts.error});
  EXPECT_EQ(place_of(method.parameters[0]), "RAX spill+0");
  EXPECT_EQ(place_of(method.parameters[1]), "RBX spill+8");
  EXPECT_EQ(place_of(method.parameters[2]), "RCX spill+16");
  EXPECT_EQ(place_of(method.parameters[3]), "X0 spill+24");
  EXPECT_EQ(place_of(method.results[0], true), "RAX");
  EXPECT_EQ(place_of(method.results[1], true), "RBX,RCX");
  EXPECT_EQ(method.arguments_size, 32U);
  EXPECT_THAT(argument_words_of(facts.facts().types, method).words,
              ElementsAre(ArgumentWord{0, 8}, ArgumentWord{8, 8}, ArgumentWord{16, 8}, ArgumentWord{24, 8}));
}

TEST_F(Convention, GivesAValueThatDoesNotFitToTheStackAndGoesOnWithTheNext) {
  // Eight words are taken; a string needs two of the one left, the int behind it still fits.
  const AbiLayout values = layout({facts.any, facts.any, facts.any, facts.any, facts.string, facts.integer});
  EXPECT_EQ(place_of(values.parameters[3]), "R9,R10 spill+64");
  EXPECT_EQ(place_of(values.parameters[4]), "stack+0");
  EXPECT_EQ(place_of(values.parameters[5]), "R11 spill+80");
}

TEST_F(Convention, GivesEveryFieldItsOwnRegister) {
  const TypeId packed = facts.structure("p", "p.packed", {{"a", facts.int32}, {"b", facts.int32}});
  EXPECT_EQ(place_of(layout({packed}).parameters[0]), "RAX,RBX spill+0");
}

TEST_F(Convention, KnowsArraysOfNoneOneAndSeveral) {
  const TypeId none = facts.array(facts.integer, 0);
  const AbiLayout values =
      layout({none, facts.array(facts.string, 1), facts.array(facts.integer, 2), facts.integer});
  EXPECT_EQ(place_of(values.parameters[0]), "stack+0");
  EXPECT_EQ(place_of(values.parameters[1]), "RAX,RBX spill+16");
  EXPECT_EQ(place_of(values.parameters[2]), "stack+0");
  EXPECT_EQ(place_of(values.parameters[3]), "RCX spill+32");
}

TEST_F(Convention, AlignsTheStackAndTheResults) {
  const TypeId large = facts.array(facts.uint8, 3);
  const AbiLayout values = layout({large, facts.array(facts.uint16, 2)}, {facts.array(facts.uint8, 2)});
  EXPECT_EQ(place_of(values.parameters[0]), "stack+0");
  EXPECT_EQ(place_of(values.parameters[1]), "stack+4");
  EXPECT_EQ(place_of(values.results[0], true), "stack+8");
  EXPECT_EQ(values.arguments_size, 16U);
}

TEST_F(Convention, CountsFloatsApart) {
  const TypeId mixed = facts.structure("p", "p.mixed", {{"f", facts.float64}, {"i", facts.integer}});
  EXPECT_EQ(place_of(layout({facts.float64, mixed}).parameters[1]), "X1,RAX spill+8");
}

TEST_F(Convention, HasMoreRegistersOnArm64) {
  const std::vector<TypeId> ten(10, facts.integer);
  EXPECT_FALSE(layout(ten).parameters[9].in_registers);
  EXPECT_TRUE(layout(ten, {}, Architecture::kArm64).parameters[9].in_registers);
}

TEST_F(Convention, ListsAtMostTenArgumentWords) {
  const std::vector<TypeId> values(6, facts.any);
  const ExpectedWords words = argument_words_of(facts.facts().types, layout(values));
  EXPECT_EQ(words.words.size(), 10U);
  EXPECT_FALSE(words.complete);
}

TEST_F(Convention, ListsNoWordBeyondTheReachOfOneByte) {
  const ExpectedWords words =
      argument_words_of(facts.facts().types, layout({facts.array(facts.uint64, 40), facts.integer}));
  EXPECT_FALSE(words.complete);
}

// What a damaged file can say of its types.
TEST_F(Convention, SurvivesTypesThatContainThemselvesOrNothingKnown) {
  const TypeId endless = facts.structure("p", "p.endless", {{"a", facts.integer}});
  facts.type(endless).fields[0].type = endless;
  EXPECT_EQ(place_of(layout({endless}).parameters[0]), "stack+0");
  EXPECT_FALSE(argument_words_of(facts.facts().types, layout({endless})).complete);
  const TypeId unreadable = facts.structure("p", "p.unreadable", {{"a", facts.integer}});
  facts.type(unreadable).fields[0].type = TypeId::kNone;
  EXPECT_EQ(place_of(layout({unreadable}).parameters[0]), "stack+0");
}

}  // namespace
}  // namespace plan
