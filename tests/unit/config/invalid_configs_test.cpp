// Every tests/fixtures/configs/invalid/NAME.yaml gives exactly the message in NAME.expected.
// UPDATE_GOLDEN=1 in the environment writes the messages instead; read the difference before committing it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "config/parse_config.hpp"

namespace config {
namespace {

namespace fs = std::filesystem;

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<fs::path> invalid_configs() {
  std::vector<fs::path> paths;
  for (const fs::directory_entry& entry :
       fs::directory_iterator(SOURCE_DIR "/tests/fixtures/configs/invalid")) {
    if (entry.path().extension() == ".yaml") {
      paths.push_back(entry.path());
    }
  }
  std::ranges::sort(paths);
  return paths;
}

class InvalidConfigs : public ::testing::TestWithParam<fs::path> {};

TEST_P(InvalidConfigs, AreToldFromTheirExpectation) {
  const fs::path& path = GetParam();
  const base::Result<ProbeConfig> result = parse_config(content_of(path), path.filename().string());
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, base::ErrorCode::kInvalidConfig);
  const fs::path expected = fs::path(path).replace_extension(".expected");
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::ofstream(expected) << result.error().message << '\n';
  }
  EXPECT_EQ(result.error().message + "\n", content_of(expected));
}

std::string name_of(const ::testing::TestParamInfo<fs::path>& param) {
  return param.param.stem().string();
}

INSTANTIATE_TEST_SUITE_P(ParseConfig, InvalidConfigs, ::testing::ValuesIn(invalid_configs()), name_of);

}  // namespace
}  // namespace config
