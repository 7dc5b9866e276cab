#include "plan/language/go/resolve_signature.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/parse_expression.hpp"
#include "support/facts_builder.hpp"
#include "support/result_matchers.hpp"

namespace plan {
namespace {

using base::ErrorCode;
using support::FactsBuilder;
using support::IsError;
using support::TypeId;
using testing::HasSubstr;

class Signatures : public testing::Test {
 protected:
  Signatures() {
    service = facts.structure("x.org/app", "app.Service", {{"name", facts.string}});
    request = facts.structure("x.org/app", "app.Request", {{"id", facts.string}});
  }

  base::Result<FunctionSignature> resolve(std::uint32_t function, const std::string& written = "") {
    lookup.emplace(facts.facts().types);
    std::optional<config::Signature> signature;
    if (!written.empty()) {
      signature = config::parse_signature(written).value();
    }
    const inspect::Function& target = facts.facts().functions[function];
    const FunctionName name = parse_function_name(
        target.name, [this](std::string_view package) { return lookup->has_package(package); });
    return resolve_signature(facts.facts(), *lookup, target, name, facts.details(function), signature);
  }

  std::string text(const FunctionSignature& signature) const { return to_string(signature, lookup->types()); }

  FactsBuilder facts;
  TypeId service, request;
  std::optional<TypeLookup> lookup;
};

TEST_F(Signatures, ComesFromTheMethodTable) {
  facts.method(facts.pointer(service), "Do", {facts.context, facts.pointer(request)}, {facts.error});
  ASSERT_OK_AND_ASSIGN(const FunctionSignature found, resolve(facts.function("x.org/app.(*Service).Do", 32)));
  EXPECT_EQ(text(found), "func(context.Context, *app.Request) error");
  EXPECT_EQ(found.source,
            "signature from the method table of *app.Service, checked against 32 bytes of arguments");
  EXPECT_EQ(found.receiver->type, lookup->pointer_to(service));
}

TEST_F(Signatures, TakesNamesFromTheConfigWhereBothAreThere) {
  facts.method(facts.pointer(service), "Do", {facts.pointer(request)}, {facts.error});
  const std::uint32_t function = facts.function("x.org/app.(*Service).Do", 16);
  ASSERT_OK_AND_ASSIGN(const FunctionSignature found,
                       resolve(function, "func(req *app.Request) (err error)"));
  EXPECT_EQ(found.parameters[0].name, "req");
  EXPECT_EQ(found.results[0].name, "err");
  EXPECT_THAT(found.source, HasSubstr("names from signature:"));
}

TEST_F(Signatures, RefusesAConfigThatContradictsTheMetadata) {
  facts.method(facts.pointer(service), "Do", {facts.pointer(request)}, {facts.error});
  const std::uint32_t function = facts.function("x.org/app.(*Service).Do", 16);
  EXPECT_THAT(resolve(function, "func(req app.Request) error"),
              IsError(ErrorCode::kUnsupported,
                      "signature: says func(app.Request) error, but the binary has "
                      "func(*app.Request) error; correct it or leave it out"));
}

TEST_F(Signatures, RefusesTypesOfOtherNamesInTheSameRegisters) {
  const TypeId writer = facts.interface("x.org/app", "app.Writer", {"Write"});
  facts.method(facts.pointer(service), "Do", {facts.pointer(request), facts.pointer(service), facts.word},
               {writer, facts.error});
  const std::uint32_t function = facts.function("x.org/app.(*Service).Do", 32);
  for (const char* untrue : {"func(a *app.Request, b *app.Service, c uintptr) (error, app.Writer)",
                             "func(a *app.Service, b *app.Request, c uintptr) (app.Writer, error)"}) {
    EXPECT_THAT(resolve(function, untrue), IsError(ErrorCode::kUnsupported, HasSubstr("but the binary has")))
        << untrue;
  }
  // A type of the binary that is not known by that name, and what a type is made of.
  for (const char* fits : {"func(a *app.Request, b *app.Service, c uintptr) (app.Writer, error)",
                           "func(a *app.Gone, b *app.Service, c uint64) (app.Writer, error)"}) {
    EXPECT_TRUE(resolve(function, fits).has_value()) << fits;
  }
}

TEST_F(Signatures, ComesFromAnInterfaceThatTheReceiverImplements) {
  facts.method_without_signature(facts.pointer(service), "Do");
  const TypeId doer = facts.interface("x.org/app", "app.Doer", {});
  facts.type(doer).methods.push_back(
      {"Do", facts.function_type({facts.integer}, {facts.error}), std::nullopt});
  facts.itab(facts.pointer(service));
  ASSERT_OK_AND_ASSIGN(const FunctionSignature found, resolve(facts.function("x.org/app.(*Service).Do", 16)));
  EXPECT_EQ(text(found), "func(int) error");
  EXPECT_THAT(found.source,
              HasSubstr("signature from the interface app.Doer, which *app.Service implements"));
}

TEST_F(Signatures, ComesFromTheConfigAndIsCheckedAgainstTheArguments) {
  const std::uint32_t function = facts.function("x.org/app.(*Service).do", 32);
  facts.details(function).argument_words = {{0, 8}, {8, 8}, {16, 8}, {24, 8}};
  ASSERT_OK_AND_ASSIGN(const FunctionSignature found,
                       resolve(function, "func(ctx context.Context, req *app.Request) error"));
  EXPECT_EQ(found.source,
            "signature from the config, checked against 32 bytes of arguments and 4 argument words");
  EXPECT_THAT(
      resolve(function, "func(req *app.Request) error"),
      IsError(
          ErrorCode::kUnsupported,
          "func(*app.Request) error does not fit: its arguments would take 16 bytes, the binary says 32"));
  EXPECT_THAT(resolve(function, "func(ctx context.Context, a uint32, b uint32) error"),
              IsError(ErrorCode::kUnsupported,
                      HasSubstr("argument word 3 would be 4 bytes at 24, the binary has 8 bytes at 24")));
}

TEST_F(Signatures, KnowsWhereValuesLieUpToTheFirstUnknownType) {
  const std::uint32_t function = facts.function("x.org/app.(*Service).do", 40);
  facts.details(function).argument_words = {{0, 8}, {8, 8}, {16, 8}, {24, 8}, {32, 8}};
  ASSERT_OK_AND_ASSIGN(const FunctionSignature found,
                       resolve(function, "func(id int, at app.Celsius, name string) (app.Answer, error)"));
  const AbiLayout layout = layout_of(facts.facts(), *lookup, found);
  EXPECT_EQ(layout.parameters[1].unplaced, "");  // id
  EXPECT_THAT(
      layout.parameters[2].unplaced,
      HasSubstr("type app.Celsius is not in the binary's type metadata, and the size of a value does not "
                "tell its registers; write what it is made of"));
  EXPECT_EQ(layout.parameters[3].unplaced, layout.parameters[2].unplaced);
  EXPECT_THAT(layout.results[0].unplaced, HasSubstr("type app.Answer"));
  EXPECT_EQ(layout.results[1].unplaced, layout.results[0].unplaced);
  EXPECT_THAT(found.source, HasSubstr("app.Celsius unknown"));
}

TEST_F(Signatures, DoesNotCareForTypesBehindWhatIsRead) {
  ASSERT_OK_AND_ASSIGN(const FunctionSignature found,
                       resolve(facts.function("x.org/app.(*Service).do", 24),
                               "func(id int, handler app.Handler) (error, app.Answer)"));
  const AbiLayout layout = layout_of(facts.facts(), *lookup, found);
  EXPECT_EQ(layout.results[0].unplaced, "");
  EXPECT_EQ(layout.results[0].leaves[0].register_number, 0);
}

TEST_F(Signatures, KnowsNoPlaceOfResultsOnTheStackBehindAnUnknownParameter) {
  ASSERT_OK_AND_ASSIGN(const FunctionSignature found,
                       resolve(facts.function("x.org/app.do", 64), "func(at app.Celsius) ([3]int, int)"));
  const AbiLayout layout = layout_of(facts.facts(), *lookup, found);
  EXPECT_THAT(layout.results[0].unplaced, HasSubstr("app.Celsius"));
  EXPECT_EQ(layout.results[1].unplaced, "");
}

// A float takes four bytes or more, and so do two values.
TEST_F(Signatures, KnowsTheRegisterOfAnUnknownTypeOfOneByte) {
  const std::uint32_t function = facts.function("x.org/app.do", 24);
  facts.details(function).argument_words = {{0, 1}, {8, 8}, {16, 8}};
  ASSERT_OK_AND_ASSIGN(const FunctionSignature found,
                       resolve(function, "func(level app.Level, name string)"));
  const AbiLayout layout = layout_of(facts.facts(), *lookup, found);
  EXPECT_EQ(layout.parameters[1].unplaced, "");
  EXPECT_EQ(layout.parameters[1].leaves[0].register_number, 1);
  // Two words of one byte may be an array, which lies on the stack.
  facts.details(function).argument_words = {{0, 1}, {1, 1}, {8, 8}, {16, 8}};
  ASSERT_OK_AND_ASSIGN(const FunctionSignature pair, resolve(function, "func(pair app.Pair, name string)"));
  EXPECT_NE(layout_of(facts.facts(), *lookup, pair).parameters[1].unplaced, "");
}

TEST_F(Signatures, ChecksWhatComesBeforeAnUnknownType) {
  const std::uint32_t function = facts.function("x.org/app.do", 24);
  facts.details(function).argument_words = {{0, 8}, {8, 8}, {16, 8}};
  EXPECT_THAT(
      resolve(function, "func(a uint32, rest app.Rest)"),
      IsError(ErrorCode::kUnsupported, HasSubstr("argument word 0 would be 4 bytes, 0 behind the first")));
  EXPECT_THAT(resolve(function, "func(a, b string, rest app.Rest)"),
              IsError(ErrorCode::kUnsupported, HasSubstr("at least 32 bytes, the binary says 24")));
}

TEST_F(Signatures, TakeTheTypeParameterFromTheShape) {
  const auto leaf_of = [this](const char* function, const char* written) {
    const FunctionSignature found = resolve(facts.function(function), written).value();
    const AbiLayout layout = layout_of(facts.facts(), *lookup, found);
    EXPECT_EQ(layout.parameters[1].unplaced, "") << function;
    return layout.parameters[2].leaves.at(0).register_number;  // of `s`, behind dictionary and `v`
  };
  EXPECT_EQ(leaf_of("x.org/app.f[go.shape.float64]", "func(v T, s string) int"), 1);
  EXPECT_EQ(leaf_of("x.org/app.f[go.shape.int]", "func(v T, s string) int"), 2);
  EXPECT_EQ(leaf_of("x.org/app.f[go.shape.string]", "func(v T, s string) int"), 3);
  EXPECT_EQ(leaf_of("x.org/app.f[go.shape.*uint8]", "func(v T, s string) int"), 2);
  EXPECT_EQ(leaf_of("x.org/app.f[go.shape.[2]int]", "func(v T, s string) int"), 1);
  EXPECT_EQ(leaf_of("x.org/app.f[go.shape.struct { F float64; N int }]", "func(v T, s string) int"), 2);
  // Which of two is meant is not known.
  ASSERT_OK_AND_ASSIGN(
      const FunctionSignature two,
      resolve(facts.function("x.org/app.g[go.shape.int,go.shape.float64]"), "func(k K, v V)"));
  EXPECT_NE(layout_of(facts.facts(), *lookup, two).parameters[1].unplaced, "");
}

TEST_F(Signatures, ComesFromDwarfWithNames) {
  const std::uint32_t function = facts.function("x.org/app.(*Service).do", 16);
  facts.details(function).debug_signature = {{{"s", facts.pointer(service)}, {"count", facts.integer}},
                                             {{"err", facts.error}}};
  ASSERT_OK_AND_ASSIGN(const FunctionSignature found, resolve(function));
  EXPECT_EQ(found.receiver->name, "s");
  EXPECT_EQ(found.parameters[0].name, "count");
  EXPECT_EQ(found.results[0].name, "err");
  EXPECT_THAT(found.source, HasSubstr("signature from DWARF"));
}

TEST_F(Signatures, KnowsTheReceiverWhereNothingElseIsKnown) {
  ASSERT_OK_AND_ASSIGN(const FunctionSignature found, resolve(facts.function("x.org/app.(*Service).do", 32)));
  EXPECT_FALSE(found.complete);
  EXPECT_EQ(found.receiver->type, lookup->pointer_to(service));
  EXPECT_THAT(found.unknown_because, HasSubstr("give the probe a signature:"));
}

TEST_F(Signatures, PutTheDictionaryOfAGenericFunctionWhereTheVersionDoes) {
  const std::uint32_t method = facts.function("x.org/app.(*Service[go.shape.int]).do", 24);
  const auto receiver_register = [&](const FunctionSignature& signature) {
    return layout_of(facts.facts(), *lookup, signature).parameters;
  };
  ASSERT_OK_AND_ASSIGN(const FunctionSignature after, resolve(method, "func(n int)"));
  EXPECT_EQ((*lookup)[receiver_register(after)[1].type].name, "uintptr");
  facts.facts().dictionary_after_receiver = false;
  ASSERT_OK_AND_ASSIGN(const FunctionSignature before, resolve(method, "func(n int)"));
  EXPECT_EQ((*lookup)[receiver_register(before)[0].type].name, "uintptr");
}

TEST_F(Signatures, GiveClosuresNoReceiver) {
  ASSERT_OK_AND_ASSIGN(const FunctionSignature found,
                       resolve(facts.function("x.org/app.(*Service).Do.func1", 0), "func()"));
  EXPECT_FALSE(found.receiver.has_value());
}

TEST_F(Signatures, KnowNothingBehindAValueReceiverThatIsUnknown) {
  ASSERT_OK_AND_ASSIGN(const FunctionSignature found,
                       resolve(facts.function("x.org/app.Gone.Do"), "func(id int) error"));
  const AbiLayout layout = layout_of(facts.facts(), *lookup, found);
  EXPECT_THAT(layout.parameters[0].unplaced,
              HasSubstr("receiver type x.org/app.Gone is not in the binary's type metadata"));
  EXPECT_EQ(layout.parameters[1].unplaced, layout.parameters[0].unplaced);
  EXPECT_EQ(layout.results[0].unplaced, "");
}

TEST_F(Signatures, KnowThatAReceiverIsEmptyWhereTheWordsSayIt) {
  const std::uint32_t function = facts.function("x.org/app.Gone.Do", 8);
  facts.details(function).argument_words = {{0, 8}};
  ASSERT_OK_AND_ASSIGN(const FunctionSignature found, resolve(function, "func(id int) error"));
  EXPECT_EQ(layout_of(facts.facts(), *lookup, found).parameters[1].leaves.at(0).register_number, 0);
}

}  // namespace
}  // namespace plan
