// Folds that an exporter was killed in.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "bpf/probe_fixture.hpp"
#include "collect/fold_process.hpp"
#include "collect/map_entries.hpp"

namespace bpf_test {
namespace {

// When there is memory per CPU.
enum class Slabs { kNone, kFirst, kLater };

class FoldTest : public ProbeTest, public testing::WithParamInterface<Slabs> {
 protected:
  void SetUp() override {
    ProbeTest::SetUp();
    config::Metric metric;
    metric.name = "calls";
    config_.metrics = {metric};
    plan::ProbePlan plan = empty_plan();
    plan::PlannedProbe probe = framed_probe("calls", 0);
    probe.framed = false;
    probe.return_sites.clear();
    plan::PlannedRecord record;
    record.metric = "calls";
    probe.records = {record};
    probe.slots = 1;
    plan.probes = {probe};
    attach(std::move(plan));
    if (GetParam() == Slabs::kFirst) {
      give_slabs();
    }
  }

  void call(int times) {
    for (int i = 0; i < times; ++i) {
      go_call_function(probed_outer, goroutine_, {});
      if (GetParam() == Slabs::kLater && i == 2) {
        give_slabs();
      }
    }
  }

  [[nodiscard]] const attach::ProbeMaps& maps() const { return binary().probes[0].maps; }

  [[nodiscard]] std::optional<std::uint32_t> slot_of(std::uint32_t process) const {
    const series_key key{.process = process, .function = 0, .pad = 0};
    std::uint32_t slot = 0;
    return bpf_map_lookup_elem(maps().series.value(), &key, &slot) == 0 ? std::optional(slot) : std::nullopt;
  }

  // The number that this process has.
  [[nodiscard]] std::uint32_t own_number() const {
    std::uint32_t number = 0;
    EXPECT_TRUE(collect::for_each_entry(maps().series.value(), sizeof(series_key), sizeof(std::uint32_t),
                                        [&](collect::Bytes key, collect::Bytes) {
                                          series_key head{};
                                          std::memcpy(&head, key.data(), sizeof(head));
                                          number = std::max(number, head.process);
                                        })
                    .has_value());
    return number;
  }

  // What all CPUs have counted together in a slot.
  [[nodiscard]] std::uint64_t shared(std::uint32_t slot) const {
    std::uint64_t value = 0;
    EXPECT_EQ(bpf_map_lookup_elem(maps().values.value(), &slot, &value), 0);
    return value;
  }

  // And with what each has counted for itself.
  [[nodiscard]] std::uint64_t counted(std::uint32_t slot) const {
    std::uint64_t sum = shared(slot);
    if (!maps().made_slabs.empty()) {
      std::vector<std::uint64_t> values(static_cast<std::size_t>(libbpf_num_possible_cpus()));
      EXPECT_EQ(bpf_map_lookup_elem(maps().made_slabs[0].value(), &slot, values.data()), 0);
      sum = std::accumulate(values.begin(), values.end(), sum);
    }
    return sum;
  }

  // The journal says that the series of `process` is being added to the total.
  void begin_step(std::uint32_t process) {
    struct {
      fold_step step;
      std::uint64_t total;
    } journal{.step = {.underway = 1,
                       .source = slot_of(process).value(),
                       .target = slot_of(FOLDED_PROCESS).value(),
                       .pad = 0},
              .total = 0};

    journal.total = total_ = shared(journal.step.target) + counted(journal.step.source);
    const std::uint32_t first = 0;
    ASSERT_EQ(bpf_map_update_elem(maps().fold_journal.value(), &first, &journal, BPF_ANY), 0);
  }

  void write_target() {
    const std::uint32_t target = slot_of(FOLDED_PROCESS).value();
    ASSERT_EQ(bpf_map_update_elem(maps().values.value(), &target, &total_, BPF_ANY), 0);
  }

  void delete_key(std::uint32_t process) {
    const series_key key{.process = process, .function = 0, .pad = 0};
    ASSERT_EQ(bpf_map_delete_elem(maps().series.value(), &key), 0);
  }

  void resume() {
    const auto resumed = collect::resume_folds(binary());
    ASSERT_TRUE(resumed.has_value()) << resumed.error().message;
  }

  // The total is there, the slot of the process can be used again and begins at 0.
  void expect_folded(double calls) {
    EXPECT_EQ(total("calls"), calls);
    const std::uint32_t total_slot = slot_of(FOLDED_PROCESS).value();
    call(5);
    EXPECT_EQ(total("calls"), calls + 5);
    EXPECT_NE(slot_of(own_number()).value(), total_slot);
    fold();
    EXPECT_EQ(total("calls"), calls + 5);
  }

 private:
  std::uint64_t total_ = 0;
};

std::string name_of(const testing::TestParamInfo<Slabs>& info) {
  return std::array{"None", "First", "Later"}.at(static_cast<std::size_t>(info.param));
}

INSTANTIATE_TEST_SUITE_P(, FoldTest, testing::Values(Slabs::kNone, Slabs::kFirst, Slabs::kLater), name_of);

TEST_P(FoldTest, ResumesBeforeTheTotalIsWritten) {
  call(10);
  fold();
  call(7);
  begin_step(own_number());
  resume();
  expect_folded(17);
}

TEST_P(FoldTest, ResumesAfterTheTotalIsWritten) {
  call(10);
  fold();
  call(7);
  begin_step(own_number());
  write_target();
  EXPECT_EQ(total("calls"), 24);
  resume();
  expect_folded(17);
}

TEST_P(FoldTest, ResumesAfterTheKeyIsDeleted) {
  call(10);
  fold();
  call(7);
  const std::uint32_t process = own_number();
  begin_step(process);
  write_target();
  delete_key(process);
  resume();
  expect_folded(17);
}

TEST_P(FoldTest, ResumesWhereASlotHasTwoNames) {
  call(10);
  const series_key folded{.process = FOLDED_PROCESS, .function = 0, .pad = 0};
  const std::uint32_t slot = slot_of(own_number()).value();
  ASSERT_EQ(bpf_map_update_elem(maps().series.value(), &folded, &slot, BPF_NOEXIST), 0);
  resume();
  EXPECT_EQ(slot_of(own_number()), slot_of(FOLDED_PROCESS));
  expect_folded(10);
}

TEST_P(FoldTest, ResumingWithoutAStepChangesNothing) {
  call(10);
  fold();
  call(7);
  resume();
  EXPECT_EQ(total("calls"), 17);
}

}  // namespace
}  // namespace bpf_test
