#include "attach/code_digest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/result_matchers.hpp"
#include "support/temp_dir.hpp"

namespace attach {
namespace {

plan::Site site(std::uint64_t offset) {
  plan::Site site;
  site.offset = static_cast<inspect::FileOffset>(offset);
  site.address = static_cast<inspect::VirtualAddress>(0x400000 + offset);
  return site;
}

class CodeDigest : public ::testing::Test {
 protected:
  CodeDigest() {
    plan.probes.emplace_back();
    plan.probes[0].entry_sites = {site(100)};
    plan.probes[0].return_sites = {site(190), site(199)};
  }

  std::uint64_t digest(const std::string& content) {
    const auto result = digest_of_code(dir.write("file", content), plan);
    EXPECT_TRUE(result.has_value()) << result.error().message;
    return result.value_or(0);
  }

  static std::string program(std::size_t changed = 0) {
    std::string content(200, '\x90');
    content[changed] = '\xc3';
    return content;
  }

  support::TempDir dir;
  plan::ProbePlan plan;
};

TEST_F(CodeDigest, IsTheSameForTheSameCode) {
  EXPECT_EQ(digest(program()), digest(program()));
  EXPECT_EQ(digest(program(99)), digest(program(116))) << "what no breakpoint replaces";
}

TEST_F(CodeDigest, IsAnotherForOtherCodeAtAnySite) {
  EXPECT_NE(digest(program(100)), digest(program()));
  EXPECT_NE(digest(program(115)), digest(program()));
  EXPECT_NE(digest(program(199)), digest(program()));
}

TEST_F(CodeDigest, IsAnotherForAnotherSize) {
  EXPECT_NE(digest(program() + "x"), digest(program()));
}

TEST_F(CodeDigest, IsAnotherWithOtherSites) {
  const std::uint64_t before = digest(program());
  plan.probes[0].return_sites.pop_back();
  EXPECT_NE(digest(program()), before);
  plan.unwind_hooks.emplace_back();
  plan.unwind_hooks[0].site = site(199);
  EXPECT_EQ(digest(program()), before) << "sites are all alike";
}

TEST_F(CodeDigest, OfAFileThatIsTooShortIsAnError) {
  EXPECT_THAT(digest_of_code(dir.write("file", std::string(150, 'x')), plan),
              support::IsError(base::ErrorCode::kIo, testing::HasSubstr("reading the code at 0x4000be of ")));
}

TEST_F(CodeDigest, OfNoFileSaysSo) {
  EXPECT_THAT(digest_of_code("/nowhere", plan),
              support::IsError(base::ErrorCode::kNotFound, "opening /nowhere: No such file or directory"));
}

}  // namespace
}  // namespace attach
