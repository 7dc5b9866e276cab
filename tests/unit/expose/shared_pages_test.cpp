#include "expose/shared_pages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include "support/result_matchers.hpp"

namespace expose {
namespace {

base::Result<metrics::Snapshot> snapshot_of(double number) {
  metrics::Family family;
  family.name = "x";
  family.kind = metrics::FamilyKind::kGauge;
  family.series = {{.labels = {}, .number = number, .buckets = {}}};
  return metrics::Snapshot{.families = {family}};
}

std::string text_of(int number) {
  return "# TYPE x gauge\nx " + std::to_string(number) + "\n";
}

TEST(SharedPages, CollectsForEachThatComesAlone) {
  int collections = 0;
  SharedPages pages([&](auto /*service*/) { return snapshot_of(++collections); });
  EXPECT_EQ(**pages.get({}, Format::kText, false), text_of(1));
  EXPECT_EQ(**pages.get({}, Format::kText, false), text_of(2));
}

// The collection that runs has begun before they asked: all of them get the next one.
TEST(SharedPages, GivesThoseThatComeDuringACollectionTheNextOne) {
  std::promise<void> first_begun;
  std::promise<void> first_may_end;
  const std::shared_future<void> may_end = first_may_end.get_future().share();
  std::atomic<int> collections = 0;
  SharedPages pages([&](auto /*service*/) {
    const int number = ++collections;
    if (number == 1) {
      first_begun.set_value();
      may_end.wait();
    }
    return snapshot_of(number);
  });
  auto first = std::async(std::launch::async, [&] { return pages.get({}, Format::kText, false); });
  first_begun.get_future().wait();
  std::vector<std::future<base::Result<Page>>> later;
  for (int i = 0; i < 8; ++i) {
    later.push_back(std::async(std::launch::async, [&] { return pages.get({}, Format::kText, false); }));
  }
  while (pages.waiting({}) < 9) {
    std::this_thread::yield();
  }
  first_may_end.set_value();
  EXPECT_EQ(**first.get(), text_of(1));
  const Page shared = *later.front().get();
  EXPECT_EQ(*shared, text_of(2));
  for (std::size_t i = 1; i < later.size(); ++i) {
    EXPECT_EQ(*later[i].get(), shared) << "rendered once";
  }
  EXPECT_EQ(collections, 2);
}

TEST(SharedPages, KeepsServicesApart) {
  SharedPages pages(
      [&](std::optional<std::string_view> service) { return snapshot_of(service == "a" ? 1 : 2); });
  EXPECT_EQ(**pages.get("a", Format::kText, false), text_of(1));
  EXPECT_EQ(**pages.get("b", Format::kText, false), text_of(2));
}

TEST(SharedPages, HandsOnWhatWentWrong) {
  SharedPages pages([&](auto /*service*/) -> base::Result<metrics::Snapshot> {
    return base::fail(base::ErrorCode::kKernel, "a map cannot be read");
  });
  EXPECT_THAT(pages.get({}, Format::kText, false),
              support::IsError(base::ErrorCode::kKernel, "a map cannot be read"));
}

TEST(SharedPages, RendersEachForm) {
  SharedPages pages([&](auto /*service*/) { return snapshot_of(1); });
  EXPECT_EQ(**pages.get({}, Format::kOpenMetrics, false), "# TYPE x gauge\nx 1\n# EOF\n");
  EXPECT_THAT(**pages.get({}, Format::kText, true), testing::StartsWith("\x1F\x8B"));
}

}  // namespace
}  // namespace expose
