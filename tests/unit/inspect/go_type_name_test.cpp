#include "inspect/go/go_type_name.hpp"

#include <gtest/gtest.h>

#include <string>

namespace inspect {
namespace {

TEST(GoTypeName, SplitsPathAndName) {
  struct Case {
    std::string linker_name;
    std::string package;
    std::string name;
  };

  const Case cases[] = {
      {"int", "", "int"},
      {"main.Service", "main", "Service"},
      {"example.com/api/v1.Order", "example.com/api/v1", "Order"},
      {"gopkg.in/yaml%2ev3.Node", "gopkg.in/yaml.v3", "Node"},
      {"example.com/api/v1.Box[*example.com/api/v1.Order]", "example.com/api/v1",
       "Box[*example.com/api/v1.Order]"},
      {"", "", ""},
  };
  for (const Case& test : cases) {
    const QualifiedName name = split_qualified_name(test.linker_name);
    EXPECT_EQ(name.package, test.package) << test.linker_name;
    EXPECT_EQ(name.name, test.name) << test.linker_name;
  }
}

TEST(GoTypeName, PrintsPackageNamesAsTheMetadataDoes) {
  const PackageNames packages = {{"example.com/api/v1", "apiv1"}};
  EXPECT_EQ(displayed({"example.com/api/v1", "Order"}, packages), "apiv1.Order");
  EXPECT_EQ(displayed({"example.com/other", "Order"}, packages), "other.Order");
  EXPECT_EQ(displayed({"", "int"}, packages), "int");
}

}  // namespace
}  // namespace inspect
