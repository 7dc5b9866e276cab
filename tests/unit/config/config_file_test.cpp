#include "config/config_file.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "support/temp_dir.hpp"

namespace config {
namespace {

constexpr const char* kConfig = R"(
services: { gateway: { match: { exe: "*/gateway" } } }
metrics: { calls_total: { type: counter, help: Calls., labels: [] } }
probes: [{ service: gateway, function: main.call, record: [calls_total] }]
)";

class ConfigFileTest : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }

  [[nodiscard]] std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

  support::TempDir folder_;
};

TEST_F(ConfigFileTest, HasChangedWhenItIsAnotherAtTwoLooks) {
  write("probes.yaml", kConfig);
  ConfigFile file(path("probes.yaml"));
  ASSERT_TRUE(file.load());
  EXPECT_FALSE(file.has_changed());
  EXPECT_FALSE(file.has_changed());
  write("new", std::string(kConfig) + "# more\n");
  std::filesystem::rename(path("new"), path("probes.yaml"));
  EXPECT_FALSE(file.has_changed()) << "it may still be written to";
  EXPECT_TRUE(file.has_changed());
  ASSERT_TRUE(file.load());
  EXPECT_FALSE(file.has_changed());
  EXPECT_FALSE(file.has_changed());
}

// probes.yaml -> ..data/probes.yaml, and ..data -> a folder that another takes the place of.
TEST_F(ConfigFileTest, SeesThroughTheLinksOfAConfigMap) {
  for (const char* version : {"one", "two"}) {
    std::filesystem::create_directory(path(version));
    write(std::string(version) + "/probes.yaml", kConfig);
  }
  std::filesystem::create_directory_symlink("one", path("..data"));
  std::filesystem::create_symlink("..data/probes.yaml", path("probes.yaml"));
  ConfigFile file(path("probes.yaml"));
  ASSERT_TRUE(file.load());
  std::filesystem::create_directory_symlink("two", path("..data_tmp"));
  std::filesystem::rename(path("..data_tmp"), path("..data"));
  EXPECT_FALSE(file.has_changed());
  EXPECT_TRUE(file.has_changed());
}

TEST_F(ConfigFileTest, OfATextIsInNoFileAndNeverChanges) {
  ConfigFile file("--preset", kConfig);
  const auto loaded = file.load();
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->config.services.front().name, "gateway");
  EXPECT_FALSE(file.has_changed());
  EXPECT_EQ(file.path(), "--preset");
  EXPECT_EQ(ConfigFile("--preset", "metrics: 3").load().error().code, base::ErrorCode::kInvalidConfig);
}

TEST_F(ConfigFileTest, IsWrongOnlyOnce) {
  write("probes.yaml", kConfig);
  ConfigFile file(path("probes.yaml"));
  ASSERT_TRUE(file.load());
  write("new", "services: {");
  std::filesystem::rename(path("new"), path("probes.yaml"));
  EXPECT_FALSE(file.has_changed());
  EXPECT_TRUE(file.has_changed());
  EXPECT_FALSE(file.load());
  EXPECT_FALSE(file.has_changed());
  EXPECT_FALSE(file.has_changed());
}

TEST_F(ConfigFileTest, OneThatIsGoneHasNotChanged) {
  write("probes.yaml", kConfig);
  ConfigFile file(path("probes.yaml"));
  ASSERT_TRUE(file.load());
  std::filesystem::remove(path("probes.yaml"));
  EXPECT_FALSE(file.has_changed());
  EXPECT_FALSE(file.has_changed());
}

TEST_F(ConfigFileTest, TellsTextsApartByTheirHash) {
  write("one", kConfig);
  write("two", std::string(kConfig) + "\n");
  const auto one = ConfigFile(path("one")).load();
  const auto two = ConfigFile(path("two")).load();
  ASSERT_TRUE(one && two);
  EXPECT_EQ(one->hash.size(), 16U);
  EXPECT_NE(one->hash, two->hash);
  EXPECT_EQ(one->config.probes.size(), two->config.probes.size());
}

}  // namespace
}  // namespace config
