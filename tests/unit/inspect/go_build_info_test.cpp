#include "inspect/go/go_build_info.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "inspected_file.hpp"
#include "support/go_fixture.hpp"

namespace inspect {
namespace {

TEST(GoBuildInfo, AgreesWithGoVersion) {
  for (const support::GoBuild& build : support::go_builds()) {
    SCOPED_TRACE(build.name());
    const std::string path = support::built(build);
    const BinaryFacts facts = facts_of(path);
    // "/path: go1.26.8"
    const std::string line = lines_of("GOTOOLCHAIN=local go version " + path).front();
    EXPECT_EQ(facts.go_version, line.substr(line.rfind(": ") + 2));
    ASSERT_FALSE(facts.modules.empty());
    EXPECT_EQ(facts.modules.front().path, "example.com/inspect_fixture");
  }
}

// Some build systems drop the section; the runtime has both strings among its data.
TEST(GoBuildInfo, FindsTheStringsOfTheRuntimeWithoutTheSection) {
  for (const support::GoBuild& build : support::go_builds()) {
    SCOPED_TRACE(build.name());
    const base::MappedFile file = mapped(support::built(build));
    std::vector<std::byte> changed(file.bytes().begin(), file.bytes().end());
    const base::Result<ElfImage> image = ElfImage::parse(changed);
    ASSERT_TRUE(image.has_value());
    const Section* section = image->section(".go.buildinfo");
    ASSERT_NE(section, nullptr);
    std::fill_n(changed.begin() + static_cast<std::ptrdiff_t>(section->offset), section->size, std::byte{0});
    const base::Result<BinaryFacts> facts =
        inspect_binary(changed, {.details = [](std::string_view) { return false; }, .inlined_copies = {}});
    ASSERT_TRUE(facts.has_value()) << facts.error().message;
    EXPECT_EQ(facts->go_version, "go" + build.version);
    ASSERT_FALSE(facts->modules.empty());
    EXPECT_EQ(facts->modules.front().path, "example.com/inspect_fixture");
  }
}

}  // namespace
}  // namespace inspect
