#include "plan/language/type_lookup.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/parse_expression.hpp"
#include "support/facts_builder.hpp"
#include "support/result_matchers.hpp"

namespace plan {
namespace {

using base::ErrorCode;
using inspect::TypeKind;
using support::FactsBuilder;
using support::IsError;
using support::TypeId;
using testing::HasSubstr;

class Lookup : public testing::Test {
 protected:
  TypeLookup lookup() { return TypeLookup(facts.facts().types); }

  static base::Result<TypeId> find(TypeLookup& types, const std::string& text,
                                   const std::string& package = "main") {
    return types.from_text(config::parse_type(text).value(), package);
  }

  FactsBuilder facts;
};

TEST_F(Lookup, FindsBasicAndPredeclaredTypes) {
  TypeLookup types = lookup();
  EXPECT_EQ(find(types, "int"), facts.integer);
  EXPECT_EQ(find(types, "byte"), facts.uint8);
  EXPECT_EQ(find(types, "error"), facts.error);
  EXPECT_EQ(find(types, "any"), facts.any);
  EXPECT_EQ(find(types, "interface{}"), facts.any);
}

TEST_F(Lookup, FindsATypeByShortNameByPathAndInItsOwnPackage) {
  const TypeId message = facts.structure("x.org/mq", "mq.Message", {{"id", facts.integer}});
  TypeLookup types = lookup();
  EXPECT_EQ(find(types, "mq.Message"), message);
  EXPECT_EQ(find(types, "x.org/mq.Message"), message);
  EXPECT_EQ(find(types, "Message", "x.org/mq"), message);
  EXPECT_EQ(find(types, "*mq.Message"), types.pointer_to(message));
}

TEST_F(Lookup, FindsATypeWhosePackageIsNamedOtherThanItsPath) {
  const TypeId response = facts.structure("x.org/api/logic/v1", "logicv1.Response", {{"id", facts.integer}});
  TypeLookup types = lookup();
  EXPECT_EQ(find(types, "logicv1.Response"), response);
  EXPECT_EQ(find(types, "x.org/api/logic/v1.Response"), response);
}

TEST_F(Lookup, RefusesANameThatSeveralPackagesHave) {
  facts.structure("x.org/a/proto", "proto.Error", {{"id", facts.integer}});
  const TypeId second = facts.structure("x.org/b/proto", "proto.Error", {{"id", facts.string}});
  TypeLookup types = lookup();
  EXPECT_THAT(find(types, "proto.Error"), IsError(ErrorCode::kUnsupported,
                                                  "proto.Error could be any of x.org/a/proto.Error, "
                                                  "x.org/b/proto.Error; write the one that is meant"));
  EXPECT_EQ(find(types, "x.org/b/proto.Error"), second);
}

TEST_F(Lookup, FindsAnInstantiationWhoseArgumentsAreWrittenShort) {
  const TypeId login = facts.structure("connectrpc.com/connect", "connect.Request[x.org/api/v1.Login]",
                                       {{"n", facts.integer}});
  facts.structure("connectrpc.com/connect", "connect.Request[x.org/api/v1.Logout]", {{"n", facts.integer}});
  TypeLookup types = lookup();
  EXPECT_EQ(find(types, "connect.Request[apiv1.Login]"), login);
  EXPECT_EQ(find(types, "connectrpc.com/connect.Request[x.org/api/v1.Login]"), login);
  EXPECT_THAT(find(types, "connect.Request[apiv1.Gone]"), IsError(ErrorCode::kNotFound, HasSubstr("Gone")));
}

TEST_F(Lookup, SuggestsATypeForAMisspeltName) {
  facts.structure("x.org/mq", "mq.Message", {{"id", facts.integer}});
  TypeLookup types = lookup();
  EXPECT_THAT(find(types, "mq.Mesage"),
              IsError(ErrorCode::kNotFound,
                      "type mq.Mesage is not in the binary's type metadata; did you mean "
                      "\"mq.Message\"?"));
}

TEST_F(Lookup, FindsMapsAndArraysThatTheProgramKnows) {
  const TypeId item = facts.structure("x.org/api", "api.Item", {{"id", facts.integer}});
  const TypeId known = facts.map(facts.string, facts.pointer(item));
  const TypeId three = facts.array(item, 3);
  TypeLookup types = lookup();
  EXPECT_EQ(find(types, "map[string]*api.Item"), known);
  EXPECT_EQ(find(types, "map[string]*x.org/api.Item"), known);
  EXPECT_NE(find(types, "map[int]*api.Item"), known);
  EXPECT_EQ(find(types, "[3]api.Item"), three);
  EXPECT_NE(find(types, "[4]api.Item"), three);
}

TEST_F(Lookup, MakesWhatOnlyASignatureNames) {
  TypeLookup types = lookup();
  const TypeId unknown = find(types, "*pkg.Unknown").value();
  EXPECT_EQ(types[unknown].kind, TypeKind::kPointer);
  EXPECT_TRUE(types.is_unknown(types[unknown].element));
  EXPECT_EQ(types[find(types, "[]pkg.Unknown").value()].size, 24U);
  EXPECT_EQ(types[find(types, "map[string]pkg.Unknown").value()].kind, TypeKind::kMap);
  EXPECT_EQ(types[find(types, "chan pkg.Unknown").value()].kind, TypeKind::kChan);
  EXPECT_EQ(types[find(types, "func(pkg.Unknown) error").value()].size, 8U);
  EXPECT_FALSE(types[find(types, "interface{ Close() error }").value()].empty_interface);
  EXPECT_EQ(types[find(types, "[3]int32").value()].size, 12U);
  EXPECT_EQ(types[find(types, "struct{ a int8; b int64 }").value()].size, 16U);
  EXPECT_EQ(types[find(types, "struct{ a int64; b [0]int }").value()].size,
            16U);  // the address of b lies within
  EXPECT_EQ(types[find(types, "struct{ b [0]int; a int64 }").value()].size, 8U);
  EXPECT_EQ(types[find(types, "struct{ a struct{} }").value()].size, 0U);
  EXPECT_THAT(find(types, "pkg.Unknown"), IsError(ErrorCode::kNotFound, HasSubstr("pkg.Unknown")));
}

}  // namespace
}  // namespace plan
