// Races that need several CPUs: of two in the test's machine few come true, of eight in a guest (tests/vm)
// most.
#include <bpf/bpf.h>
#include <gmock/gmock.h>

#include <barrier>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <thread>

#include "bpf/probe_fixture.hpp"

namespace bpf_test {
namespace {

using testing::Each;

constexpr int kThreads = 8;
constexpr int kKeys = 300;
constexpr std::uint32_t kSeriesLimit = 2048;

class ManyCpus : public ProbeTest {
 protected:
  // A counter of calls by an integer argument.
  void attach_counter() {
    config::Metric metric;
    metric.name = "calls";
    metric.labels = {"key"};
    metric.max_series = kSeriesLimit;
    config_.metrics = {metric};
    plan::ProbePlan plan = empty_plan();
    plan::PlannedProbe probe = framed_probe("calls", 0);
    probe.framed = false;
    probe.return_sites.clear();
    probe.enter.operations = {step(OP_BEGIN), step(OP_ARGUMENT, 0, 0), step(OP_STORE, 0, 0, 0, 0, 8)};
    probe.labels = {{.name = "key", .kind = plan::LabelField::Kind::kInteger, .offset = 0, .size = 8}};
    probe.labels_size = probe.values_size = 8;
    plan::PlannedRecord record;
    record.metric = "calls";
    record.kind = config::RecordKind::kCount;
    probe.records = {record};
    probe.slots = 1;
    plan.probes = {probe};
    attach(std::move(plan));
  }

  // Each key is called by all threads at the same time.
  void race(int first_key) {
    std::barrier together(kThreads);
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        Goroutine goroutine = goroutine_;
        for (int key = first_key; key < first_key + kKeys; ++key) {
          together.arrive_and_wait();
          go_call_function(probed_outer, goroutine, {.registers = {static_cast<std::uint64_t>(key)}});
        }
      });
    }
  }

  [[nodiscard]] const attach::ProbeMaps& maps() const { return binary().probes[0].maps; }

  [[nodiscard]] series_cursor cursor() const {
    const std::uint32_t zero = 0;
    series_cursor found{};
    EXPECT_EQ(bpf_map_lookup_elem(maps().cursor.value(), &zero, &found), 0);
    return found;
  }

  // Slots that the next new series take.
  [[nodiscard]] std::set<std::uint32_t> spare_slots() const {
    std::set<std::uint32_t> slots;
    for (std::uint32_t slot = cursor().spare; slot != 0;) {
      EXPECT_TRUE(slots.insert(slot).second) << "the chain of spare slots is a ring";
      std::uint64_t next = 0;
      EXPECT_EQ(bpf_map_lookup_elem(maps().values.value(), &slot, &next), 0);
      slot = static_cast<std::uint32_t>(next);
    }
    return slots;
  }

  // Slot -> how many series have it.
  [[nodiscard]] std::map<std::uint32_t, int> slots_of_series() const {
    std::map<std::uint32_t, int> slots;
    std::vector<std::byte> key(sizeof(series_key) + 8);
    std::vector<std::byte> next(key.size());
    int error = bpf_map_get_next_key(maps().series.value(), nullptr, next.data());
    while (error == 0) {
      key = next;
      std::uint32_t slot = 0;
      EXPECT_EQ(bpf_map_lookup_elem(maps().series.value(), key.data(), &slot), 0);
      ++slots[slot];
      error = bpf_map_get_next_key(maps().series.value(), key.data(), next.data());
    }
    return slots;
  }

  void expect_every_slot_is_somebodys(int series) {
    const std::map<std::uint32_t, int> used = slots_of_series();
    EXPECT_EQ(used.size(), static_cast<std::size_t>(series));
    EXPECT_THAT(used, Each(testing::Pair(testing::Gt(0), 1))) << "two series have one slot";
    const std::set<std::uint32_t> spare = spare_slots();
    for (const std::uint32_t slot : spare) {
      EXPECT_FALSE(used.contains(slot)) << slot;
    }
    // Slot 0 is the overflow series.
    EXPECT_EQ(cursor().next - 1, used.size() + spare.size()) << "a slot is lost";
  }
};

TEST_F(ManyCpus, NewSeriesHaveASlotEach) {
  attach_counter();
  race(0);
  expect_every_slot_is_somebodys(kKeys);
  std::map<std::vector<std::string>, double> counts;
  for (const collect::Sample& sample : samples()) {
    counts[sample.labels] += sample.number;
  }
  EXPECT_EQ(counts.size(), kKeys);
  EXPECT_THAT(counts, Each(testing::Pair(testing::_, kThreads)));
}

// Slots of series that were folded are given again, by the same race.
TEST_F(ManyCpus, FreedSlotsAreGivenOnce) {
  attach_counter();
  for (int i = 0; i < 2; ++i) {
    race(0);
    fold();
  }
  const std::uint32_t given = cursor().next;
  race(kKeys);
  EXPECT_LT(cursor().next - given, kKeys / 2) << "freed slots are not used";
  EXPECT_THAT(slots_of_series(), Each(testing::Pair(testing::Gt(0), 1)));
  std::map<std::string, double> counts;
  for (const collect::Sample& sample : samples()) {
    counts[sample.labels.at(0)] += sample.number;
  }
  EXPECT_EQ(counts.size(), 2 * kKeys);
  for (const auto& [key, count] : counts) {
    EXPECT_EQ(count, std::stoi(key) < kKeys ? 2 * kThreads : kThreads) << key;
  }
}

}  // namespace
}  // namespace bpf_test
