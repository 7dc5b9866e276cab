// Slabs of series in a BPF file system of the test's own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <filesystem>
#include <string>

#include "attach/series_slabs.hpp"
#include "support/temp_dir.hpp"

namespace bpf_test {
namespace {

using testing::ElementsAre;

class PinnedSlabs : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(::mount("bpf", folder_.path().c_str(), "bpf", 0, nullptr), 0); }

  void TearDown() override { EXPECT_EQ(::umount2(folder_.path().c_str(), MNT_DETACH), 0); }

  [[nodiscard]] attach::PinFolder counts() const {
    auto counts = attach::PinFolder::open(folder_.path() / "counts");
    EXPECT_TRUE(counts.has_value()) << counts.error().message;
    return counts.value_or(attach::PinFolder());
  }

  // Makes and pins the first `count` slabs of a probe, in place of those that are pinned.
  [[nodiscard]] static attach::ProbeMaps with_slabs(const attach::PinFolder& counts, std::size_t count) {
    attach::ProbeMaps maps;
    maps.series_limit = 201;  // four slabs
    while (maps.made_slabs.size() < count) {
      auto slab = attach::make_slab(counts, maps, 1);
      EXPECT_TRUE(slab.has_value()) << slab.error().message;
      maps.made_slabs.push_back(slab ? *std::move(slab) : base::UniqueFd());
    }
    return maps;
  }

 private:
  support::TempDir folder_;
};

TEST_F(PinnedSlabs, AreFoundByTheNextExporter) {
  const attach::PinFolder folder = counts();
  (void)with_slabs(folder, 3);
  attach::ProbeMaps next = with_slabs({}, 0);
  attach::find_slabs(folder, next);
  EXPECT_EQ(next.made_slabs.size(), 3U);
}

// An exporter that was killed had made more of them than the next one, which begins the probe anew.
TEST_F(PinnedSlabs, OfAProbeBeforeAreUnpinned) {
  const attach::PinFolder folder = counts();
  (void)with_slabs(folder, 4);
  const attach::ProbeMaps anew = with_slabs(folder, 2);
  EXPECT_THAT(folder.names(), ElementsAre("slab_0", "slab_1", "slab_2", "slab_3"));
  attach::unpin_other_slabs(folder, anew);
  EXPECT_THAT(folder.names(), ElementsAre("slab_0", "slab_1"));
}

}  // namespace
}  // namespace bpf_test
