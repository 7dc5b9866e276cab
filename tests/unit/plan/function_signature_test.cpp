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

TEST_F(Signatures, TellsTheSizeOfOneUnknownTypeFromTheArguments) {
  const std::uint32_t function = facts.function("x.org/app.(*Service).do", 24);
  facts.details(function).argument_words = {{0, 8}, {8, 8}, {16, 8}};
  ASSERT_OK_AND_ASSIGN(const FunctionSignature found,
                       resolve(function, "func(id int, handler app.Handler) error"));
  EXPECT_THAT(found.source,
              HasSubstr("(app.Handler is not in the metadata: 8 bytes by the size of the arguments)"));
}

TEST_F(Signatures, RefusesAnUnknownTypeWhoseSizeCannotBeTold) {
  const std::uint32_t function = facts.function("x.org/app.(*Service).do");
  EXPECT_THAT(resolve(function, "func(handler app.Handler) error"),
              IsError(ErrorCode::kNotFound, HasSubstr("its size cannot be told from the arguments either")));
  EXPECT_THAT(
      resolve(function, "func() app.Answer"),
      IsError(ErrorCode::kNotFound, HasSubstr("signature: result app.Answer: type app.Answer is not in")));
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

TEST_F(Signatures, RefuseAValueReceiverThatIsUnknown) {
  EXPECT_THAT(
      resolve(facts.function("x.org/app.Gone.Do")),
      IsError(ErrorCode::kNotFound, "receiver type x.org/app.Gone is not in the binary's type metadata"));
}

}  // namespace
}  // namespace plan
