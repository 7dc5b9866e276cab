// The probe programs on functions whose every call is known. Needs root and BPF.
#include <bpf/bpf.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <random>
#include <string_view>

#include "attach/series_slabs.hpp"
#include "bpf/probe_fixture.hpp"
#include "collect/group_path.hpp"
#include "collect/probe_hits.hpp"

namespace bpf_test {
namespace {

using config::MetricKind;
using config::RecordKind;

config::Metric metric(std::string name, MetricKind kind, std::vector<std::string> labels = {}) {
  config::Metric result;
  result.name = std::move(name);
  result.kind = kind;
  result.labels = std::move(labels);
  return result;
}

plan::PlannedRecord record(std::string metric_name, RecordKind kind, bool at_return) {
  plan::PlannedRecord result;
  result.metric = std::move(metric_name);
  result.kind = kind;
  result.at_return = at_return;
  return result;
}

plan::PlannedProbe duration_probe(std::uint16_t function) {
  plan::PlannedProbe probe = framed_probe("duration", function);
  auto duration = record("duration", RecordKind::kDuration, true);
  duration.bounds = {1'000'000'000'000};
  duration.scale = 1e-6;
  probe.records = {duration};
  probe.slots = 3;
  return probe;
}

TEST_F(ProbeTest, CountsEveryCallAtEntry) {
  config_.metrics = {metric("calls", MetricKind::kCounter)};
  plan::ProbePlan plan = empty_plan();
  plan::PlannedProbe probe = framed_probe("calls", 0);
  probe.framed = false;
  probe.return_sites.clear();
  probe.records = {record("calls", RecordKind::kCount, false)};
  probe.slots = 1;
  plan.probes = {probe};
  attach(std::move(plan));
  for (int i = 0; i < 12345; ++i) {
    go_call_function(probed_outer, goroutine_, {});
  }
  EXPECT_EQ(total("calls"), 12345);
}

TEST_F(ProbeTest, TellsHitsOfStrangersApart) {
  config_.metrics = {metric("duration", MetricKind::kHistogram)};
  plan::ProbePlan plan = empty_plan();
  plan.probes = {duration_probe(0)};
  attach(std::move(plan));
  const auto call = [&](int times) {
    for (int i = 0; i < times; ++i) {
      go_call_function(probed_outer, goroutine_, {});
    }
  };
  call(3);
  classify(0);
  call(5);
  classify(1);
  call(2);
  EXPECT_EQ(total("duration"), 5);
  EXPECT_EQ(collect::read_probe_hits(watch().maps(), binary().probes[0].number),
            (collect::ProbeHits{.entries = 10, .returns = 10, .stranger_entries = 5, .stranger_returns = 5}));
}

TEST_F(ProbeTest, ReadsStringAndIntegerLabels) {
  config_.metrics = {metric("calls", MetricKind::kCounter, {"name", "size"})};
  plan::ProbePlan plan = empty_plan();
  plan::PlannedProbe probe = framed_probe("calls", 0);
  probe.framed = false;
  probe.return_sites.clear();
  // func outer(name string, size int16)
  probe.enter.operations = {step(OP_BEGIN),          step(OP_ARGUMENT, 0, 0),
                            step(OP_ARGUMENT, 1, 1), step(OP_STORE_STRING, 0, 0, 1, 0, 0, 8),
                            step(OP_ARGUMENT, 2, 2), step(OP_STORE, 0, 2, 0, 10, 2)};
  probe.labels = {
      {.name = "name", .kind = plan::LabelField::Kind::kString, .offset = 0, .size = 10},
      {.name = "size", .kind = plan::LabelField::Kind::kInteger, .offset = 10, .size = 2, .is_signed = true}};
  probe.labels_size = probe.values_size = 12;
  probe.records = {record("calls", RecordKind::kCount, false)};
  probe.slots = 1;
  plan.probes = {probe};
  attach(std::move(plan));
  const auto call = [&](std::string_view name, std::int16_t size) {
    go_call_function(probed_outer, goroutine_,
                     {.registers = {reinterpret_cast<std::uint64_t>(name.data()), name.size(),
                                    0xdead0000u | static_cast<std::uint16_t>(size)}});
  };
  call("short", -3);
  call("short", -3);
  call("a very long name", 5);
  call("", 0);
  std::map<std::vector<std::string>, double> counts;
  for (const auto& sample : samples()) {
    counts[sample.labels] = sample.number;
  }
  EXPECT_EQ(counts, (std::map<std::vector<std::string>, double>{
                        {{"short", "-3"}, 2}, {{"a very l…", "5"}, 1}, {{"", "0"}, 1}}));
}

// The same routes as collect::group_path gives for the same paths, for every length around the field's.
TEST_F(ProbeTest, GroupsPathsAsUserspaceDoes) {
  constexpr std::uint16_t kCapacity = 128;
  config_.metrics = {metric("calls", MetricKind::kCounter, {"route"})};
  config_.metrics.front().max_series = 10'000;
  plan::ProbePlan plan = empty_plan();
  plan::PlannedProbe probe = framed_probe("calls", 0);
  probe.framed = false;
  probe.return_sites.clear();
  operation store = step(OP_STORE_STRING, 0, 0, 1, 0, 0, kCapacity);
  store.flags = OPERATION_GROUP_PATH;
  probe.enter.operations = {step(OP_BEGIN), step(OP_ARGUMENT, 0, 0), step(OP_ARGUMENT, 1, 1), store};
  probe.labels = {{.name = "route",
                   .kind = plan::LabelField::Kind::kString,
                   .offset = 0,
                   .size = kCapacity + 2,
                   .transforms = {{.kind = config::Transform::Kind::kGroupPath}}}};
  probe.labels_size = probe.values_size = kCapacity + 2;
  probe.records = {record("calls", RecordKind::kCount, false)};
  probe.slots = 1;
  plan.probes = {probe};
  attach(std::move(plan));

  std::map<std::string, double> expected;
  const auto call = [&](const std::string& path) {
    go_call_function(probed_outer, goroutine_,
                     {.registers = {reinterpret_cast<std::uint64_t>(path.data()), path.size()}});
    const collect::GroupedPath grouped = collect::group_path(path, kCapacity);
    ++expected[grouped.is_cut ? grouped.text + "…" : grouped.text];
  };
  for (int i = 0; i < 3700; ++i) {
    const char* const form = i % 3 == 0   ? "/users/{}"
                             : i % 3 == 1 ? "/orders/{:08x}/lines?page={}"
                                          : "/users/{}/posts";
    call(fmt::format(fmt::runtime(form), 1'000'000'000 + i, i));
  }
  EXPECT_EQ(samples().size(), 3);
  constexpr std::string_view kLetters = "///0123456789abcdefABCDEFg-?";
  std::mt19937 random(11);
  for (int i = 0; i < 2000; ++i) {
    std::string path;
    const std::size_t length = random() % 160;
    while (path.size() < length) {
      const bool is_long = random() % 20 == 0;
      path += is_long ? "/3f2504e0-4f89-11d3-9a0c-0305e82c3301"
                      : std::string(1, kLetters[random() % (kLetters.size() - random() % 2)]);
    }
    call(path);
  }
  std::map<std::string, double> counts;
  for (const auto& sample : samples()) {
    counts[sample.labels.at(0)] += sample.number;
  }
  EXPECT_EQ(counts, expected);
}

TEST_F(ProbeTest, MeasuresRecursionToAnyDepth) {
  config_.metrics = {metric("duration", MetricKind::kHistogram)};
  plan::ProbePlan plan = empty_plan();
  plan.probes = {duration_probe(0)};
  attach(std::move(plan));
  std::function<void(int)> recurse = [&](int depth) {
    go_call_function(probed_outer, goroutine_, {}, [&, depth] {
      if (depth > 1) {
        recurse(depth - 1);
      }
    });
  };
  for (int i = 0; i < 10; ++i) {
    recurse(1000);
  }
  EXPECT_EQ(total("duration"), 10000);
  EXPECT_EQ(frames_left(), 0u);
  EXPECT_EQ(loss("unwound"), 0u);
}

TEST_F(ProbeTest, GoroutinesThatEndLeaveNothingBehind) {
  config_.metrics = {metric("duration", MetricKind::kHistogram)};
  config_.limits.in_flight = 64;
  plan::ProbePlan plan = empty_plan();
  plan.probes = {duration_probe(0)};
  attach(std::move(plan));
  std::function<void(int)> recurse = [&](int depth) {
    go_call_function(probed_outer, goroutine_, {}, [&, depth] {
      if (depth > 1) {
        recurse(depth - 1);
      }
    });
  };
  for (int i = 0; i < 1000; ++i) {
    ++goroutine_.goid;
    recurse(50);
  }
  EXPECT_EQ(total("duration"), 50000);
  EXPECT_EQ(loss("spilled_full"), 0u);
}

TEST_F(ProbeTest, KeepsPairsApartWhenTheStackMoves) {
  config_.metrics = {metric("duration", MetricKind::kHistogram)};
  plan::ProbePlan plan = empty_plan();
  plan.probes = {duration_probe(0)};
  attach(std::move(plan));
  // A goroutine whose stack moves while it is inside: SP stays here, so stack.hi moving would show. What Go
  // keeps constant is their distance; two goroutines with the same SP must not be mixed up.
  Goroutine other = goroutine_;
  other.goid = 8;
  go_call_function(probed_outer, goroutine_, {}, [&] { go_call_function(probed_outer, other, {}); });
  EXPECT_EQ(total("duration"), 2);
  EXPECT_EQ(frames_left(), 0u);
}

TEST_F(ProbeTest, CountsOnlyTheOutermostOfNestedCalls) {
  config_.metrics = {metric("duration", MetricKind::kHistogram)};
  plan::ProbePlan plan = empty_plan();
  plan::PlannedProbe probe = duration_probe(0);
  probe.outermost = true;
  plan.probes = {probe};
  attach(std::move(plan));
  for (int i = 0; i < 100; ++i) {
    go_call_function(probed_outer, goroutine_, {}, [&] {
      go_call_function(probed_outer, goroutine_, {});
      go_call_function(probed_outer, goroutine_, {}, [&] { go_call_function(probed_outer, goroutine_, {}); });
    });
  }
  EXPECT_EQ(total("duration"), 100);
  EXPECT_EQ(loss("no_entry"), 0u);
  EXPECT_EQ(frames_left(), 0u);
}

// A probe of outer whose label is read at the return of inner, on the same goroutine, inside the call.
plan::ProbePlan within_plan() {
  plan::ProbePlan plan = empty_plan();
  plan::PlannedProbe outer = framed_probe("outer", 0);
  outer.labels = {{.name = "kind",
                   .kind = plan::LabelField::Kind::kInteger,
                   .offset = 1,
                   .size = 1,
                   .optional = true,
                   .absent = "none"}};
  outer.labels_size = outer.values_size = 2;
  outer.records = {record("calls", RecordKind::kCount, true)};
  outer.slots = 1;
  plan::PlannedProbe inner = framed_probe("within outer", 1);
  inner.entry_sites.clear();
  inner.framed = false;
  inner.config_probe = 0xffffffff;
  inner.leave.operations = {step(OP_BEGIN), step(OP_CONSTANT, 0, 0, 0, 1), step(OP_STORE, 0, 0, 0, 0, 1),
                            step(OP_ARGUMENT, 1, 0), step(OP_STORE, 0, 1, 0, 1, 1)};
  inner.values_size = 2;
  inner.contributions = {{.target = 0, .source = 0, .destination = 0, .length = 2}};
  plan.probes = {outer, inner};
  return plan;
}

TEST_F(ProbeTest, TakesAValueFromACallInside) {
  config_.metrics = {metric("calls", MetricKind::kCounter, {"kind"})};
  attach(within_plan());
  const auto inner = [&](std::uint64_t kind) {
    go_call_function(probed_inner, goroutine_, {.results = {kind}});
  };
  inner(9);  // outside of outer: nobody's
  for (int i = 0; i < 3; ++i) {
    go_call_function(probed_outer, goroutine_, {}, [&] { inner(1); });
  }
  go_call_function(probed_outer, goroutine_, {}, [&] { inner(2); });
  go_call_function(probed_outer, goroutine_, {});
  Goroutine other = goroutine_;
  other.goid = 99;
  go_call_function(probed_outer, goroutine_, {},
                   [&] { go_call_function(probed_inner, other, {.results = {5}}); });
  std::map<std::string, double> counts;
  for (const auto& sample : samples()) {
    counts[sample.labels.at(0)] += sample.number;
  }
  EXPECT_EQ(counts, (std::map<std::string, double>{{"1", 3}, {"2", 1}, {"none", 2}}));
}

// Calls outer and leaves it without passing its RET, as a panic does.
void call_and_unwind(void (*function)(), Goroutine& g) {
  static thread_local std::array<void*, 5> jump;
  if (__builtin_setjmp(jump.data()) == 0) {
    go_call_function(function, g, {}, [] { __builtin_longjmp(jump.data(), 1); });
  }
}

TEST_F(ProbeTest, DropsFramesThatAPanicLeftBehind) {
  config_.metrics = {metric("duration", MetricKind::kHistogram)};
  plan::ProbePlan plan = empty_plan();
  plan.probes = {duration_probe(0)};
  attach(std::move(plan));
  for (int i = 0; i < 50; ++i) {
    call_and_unwind(probed_outer, goroutine_);
    go_call_function(probed_outer, goroutine_, {});
  }
  EXPECT_EQ(total("duration"), 50);
  EXPECT_EQ(loss("unwound"), 50u);
  EXPECT_EQ(frames_left(), 0u);
}

TEST_F(ProbeTest, CallsWithoutRoomAreOneLossEach) {
  constexpr int kDeepest = 20;
  constexpr int kRoom = ABI_FRAMES + ABI_FRAMES;  // in the goroutine's record, and spilled
  config_.metrics = {metric("duration", MetricKind::kHistogram)};
  config_.limits.in_flight = 1;
  plan::ProbePlan plan = empty_plan();
  plan.probes = {duration_probe(0)};
  attach(std::move(plan));
  std::function<void(int)> recurse = [&](int depth) {
    go_call_function(probed_outer, goroutine_, {}, [&, depth] {
      if (depth > 1) {
        recurse(depth - 1);
      }
    });
  };
  for (int i = 0; i < 3; ++i) {
    recurse(kDeepest);
  }
  EXPECT_EQ(total("duration"), 3 * kRoom);
  EXPECT_EQ(loss("spilled_full"), 3u * (kDeepest - kRoom));
  EXPECT_EQ(loss("no_entry"), 0u);
}

TEST_F(ProbeTest, FollowsARecoveredPanicAtOnce) {
  config_.metrics = {metric("running", MetricKind::kGauge)};
  plan::ProbePlan plan = empty_plan();
  plan::PlannedProbe probe = framed_probe("running", 0);
  probe.records = {record("running", RecordKind::kInFlight, false)};
  plan.probes = {probe};
  plan.unwind_hooks = {{.kind = plan::UnwindHook::Kind::kRecovery,
                        .site = site_of(reinterpret_cast<const void*>(recovery_entry), 0),
                        .through_panic = true,
                        .panic_offset = 24,
                        .sp_offset = 0}};
  attach(std::move(plan));
  Panic panic{.sp = reinterpret_cast<std::uint64_t>(__builtin_frame_address(0)) - 64};
  goroutine_.panic = reinterpret_cast<std::uint64_t>(&panic);
  call_and_unwind(probed_outer, goroutine_);
  EXPECT_EQ(frames_left(), 1u);
  EXPECT_EQ(total("running"), 1);
  Goroutine g0;
  go_call_plain(recovery_entry, g0, reinterpret_cast<std::uint64_t>(&goroutine_));
  EXPECT_EQ(frames_left(), 0u);
  EXPECT_EQ(total("running"), 0);
}

TEST_F(ProbeTest, GoexitEndsAllCallsOfItsGoroutine) {
  config_.metrics = {metric("running", MetricKind::kGauge)};
  plan::ProbePlan plan = empty_plan();
  plan::PlannedProbe probe = framed_probe("running", 0);
  probe.records = {record("running", RecordKind::kInFlight, false)};
  plan.probes = {probe};
  plan.unwind_hooks = {{.kind = plan::UnwindHook::Kind::kGoexit,
                        .site = site_of(reinterpret_cast<const void*>(goexit_entry), 0)}};
  attach(std::move(plan));
  std::function<void(int)> recurse = [&](int depth) {
    go_call_function(probed_outer, goroutine_, {}, [&, depth] {
      if (depth > 1) {
        recurse(depth - 1);
        return;
      }
      EXPECT_EQ(total("running"), 20);
      go_call_plain(goexit_entry, goroutine_, 0);
      EXPECT_EQ(total("running"), 0);
    });
  };
  recurse(20);
  EXPECT_EQ(frames_left(), 0u);
}

TEST_F(ProbeTest, TwoProbesOfOneFunctionDoNotDisturbEachOther) {
  config_.metrics = {metric("duration", MetricKind::kHistogram), metric("calls", MetricKind::kCounter)};
  plan::ProbePlan plan = empty_plan();
  plan::PlannedProbe calls = framed_probe("calls", 0);
  calls.records = {record("calls", RecordKind::kCount, true)};
  calls.slots = 1;
  plan.probes = {duration_probe(0), calls};
  attach(std::move(plan));
  for (int i = 0; i < 100; ++i) {
    go_call_function(probed_outer, goroutine_, {}, [&] { go_call_function(probed_outer, goroutine_, {}); });
    call_and_unwind(probed_outer, goroutine_);
  }
  EXPECT_EQ(total("duration"), 200);
  EXPECT_EQ(total("calls"), 200);
  EXPECT_EQ(loss("no_entry"), 0u);
}

TEST_F(ProbeTest, AnyNumberOfProbesOfOneFunctionFindTheirFrames) {
  constexpr int kProbes = 9;  // more than a goroutine's own record has frames
  config_.metrics = {metric("calls", MetricKind::kCounter)};
  plan::ProbePlan plan = empty_plan();
  for (int i = 0; i < kProbes; ++i) {
    plan.probes.push_back(framed_probe("calls " + std::to_string(i), 0));
    plan.probes.back().records = {record("calls", RecordKind::kCount, true)};
    plan.probes.back().slots = 1;
  }
  attach(std::move(plan));
  for (int i = 0; i < 100; ++i) {
    go_call_function(probed_outer, goroutine_, {}, [&] { go_call_function(probed_outer, goroutine_, {}); });
    call_and_unwind(probed_outer, goroutine_);
  }
  go_call_function(probed_outer, goroutine_, {});
  EXPECT_EQ(total("calls"), kProbes * 201);
  EXPECT_EQ(loss("unwound"), kProbes * 100u);
  EXPECT_EQ(loss("no_entry"), 0u);
  EXPECT_EQ(frames_left(), 0u);
}

// Counts calls of outer(id uint64) by id.
plan::PlannedProbe labelled_counter() {
  plan::PlannedProbe probe = framed_probe("calls", 0);
  probe.framed = false;
  probe.return_sites.clear();
  probe.enter.operations = {step(OP_ARGUMENT, 0, 0), step(OP_STORE, 0, 0, 0, 0, 8)};
  probe.labels = {{.name = "id", .kind = plan::LabelField::Kind::kInteger, .offset = 0, .size = 8}};
  probe.labels_size = probe.values_size = 8;
  probe.records = {record("calls", RecordKind::kCount, false)};
  probe.slots = 1;
  return probe;
}

TEST_F(ProbeTest, AFullMapGoesToTheOverflowSeries) {
  config_.metrics = {metric("calls", MetricKind::kCounter, {"id"})};
  config_.metrics[0].max_series = 10;
  plan::ProbePlan plan = empty_plan();
  plan.probes = {labelled_counter()};
  attach(std::move(plan));
  for (std::uint64_t id = 0; id < 1000; ++id) {
    go_call_function(probed_outer, goroutine_, {.registers = {id}});
  }
  EXPECT_EQ(total("calls"), 1000);
  EXPECT_EQ(samples().size(), 11u);
  EXPECT_EQ(loss("series_full"), 990u);
}

// What all CPUs have counted together, by slot, of a probe with one u64 for each series.
std::vector<std::uint64_t> shared_values(const attach::ProbeMaps& maps) {
  std::vector<std::uint64_t> values(maps.series_limit);
  for (std::uint32_t slot = 0; slot < values.size(); ++slot) {
    EXPECT_EQ(bpf_map_lookup_elem(maps.values.value(), &slot, &values[slot]), 0);
  }
  return values;
}

// Memory per CPU comes while series come: slab by slab, behind what is used already.
TEST_F(ProbeTest, CountsBeforeAndAfterThereIsMemoryPerCpu) {
  config_.metrics = {metric("calls", MetricKind::kCounter, {"id"})};
  config_.metrics[0].max_series = 200;
  plan::ProbePlan plan = empty_plan();
  plan.probes = {labelled_counter()};
  attach(std::move(plan));
  const auto call = [&] {
    for (std::uint64_t id = 0; id < 200; ++id) {
      go_call_function(probed_outer, goroutine_, {.registers = {id}});
    }
  };
  call();
  EXPECT_EQ(total("calls"), 200);
  const std::vector<std::uint64_t> before = shared_values(binary().probes[0].maps);
  give_slabs();
  EXPECT_EQ(binary().probes[0].maps.made_slabs.size(), 4u);  // of 64 slots for 200 series and the overflow's
  call();
  EXPECT_EQ(shared_values(binary().probes[0].maps), before);
  EXPECT_EQ(total("calls"), 400);
  EXPECT_EQ(samples().size(), 200u);
  for (const auto& sample : samples()) {
    EXPECT_EQ(sample.number, 2);
  }
  // A later generation goes on with them.
  plan::ProbePlan next = empty_plan();
  next.probes = {labelled_counter()};
  replace(std::move(next));
  call();
  EXPECT_EQ(shared_values(binary().probes[0].maps), before);
  EXPECT_EQ(total("calls"), 600);
}

TEST_F(ProbeTest, ShowsWhatWasSetLastWhereverItWasSet) {
  config_.metrics = {metric("level", MetricKind::kGauge)};
  plan::ProbePlan plan = empty_plan();
  plan::PlannedProbe probe = framed_probe("level", 0);
  probe.framed = false;
  probe.return_sites.clear();
  probe.enter.operations = {step(OP_ARGUMENT, 0, 0)};
  auto set = record("level", RecordKind::kSet, false);
  set.value = 0;
  probe.records = {set};
  probe.slots = 2;
  plan.probes = {probe};
  attach(std::move(plan));
  go_call_function(probed_outer, goroutine_, {.registers = {9}});
  EXPECT_EQ(total("level"), 9);
  give_slabs();
  EXPECT_EQ(total("level"), 9);
  go_call_function(probed_outer, goroutine_, {.registers = {4}});
  EXPECT_EQ(total("level"), 4);
}

TEST_F(ProbeTest, WantsMemoryPerCpuForWhatIsUsedAndAQuarterMore) {
  config_.metrics = {metric("calls", MetricKind::kCounter, {"id"})};
  config_.metrics[0].max_series = 200;
  plan::ProbePlan plan = empty_plan();
  plan.probes = {labelled_counter()};
  attach(std::move(plan));
  std::uint64_t made = 0;
  const std::map<std::uint64_t, std::size_t> wanted_after{{0, 0},   {1, 1},   {50, 1}, {51, 2},
                                                          {102, 3}, {153, 4}, {500, 4}};
  for (const auto& [series, wanted] : wanted_after) {
    for (; made < series; ++made) {
      go_call_function(probed_outer, goroutine_, {.registers = {made}});
    }
    EXPECT_EQ(attach::wanted_slabs(binary().probes[0].maps).value_or(99), wanted) << series << " series";
  }
}

// The kernel refuses the key: its map is full of others. The slot is used again when there is room.
TEST_F(ProbeTest, AKeyThatCannotBeInsertedIsALossAndIsTriedAgain) {
  config_.metrics = {metric("calls", MetricKind::kCounter, {"id"})};
  config_.metrics[0].max_series = 10;
  plan::ProbePlan plan = empty_plan();
  plan.probes = {labelled_counter()};
  attach(std::move(plan));
  const int series = binary().probes[0].maps.series.value();

  struct Key {
    series_key head;
    std::uint64_t id;
  };

  constexpr std::uint32_t kNobody = 1'000'000;  // a process that is never hit
  std::uint64_t others = 0;
  for (const std::uint32_t slot = 1;; ++others) {
    const Key key{.head = {.process = kNobody, .function = 0, .pad = 0}, .id = others};
    if (bpf_map_update_elem(series, &key, &slot, BPF_NOEXIST) != 0) {
      break;
    }
  }
  for (std::uint64_t id = 0; id < 5; ++id) {
    go_call_function(probed_outer, goroutine_, {.registers = {id}});
  }
  EXPECT_EQ(loss("series_failed"), 5u);
  EXPECT_EQ(loss("series_full"), 0u);
  for (std::uint64_t id = 0; id < others; ++id) {
    const Key key{.head = {.process = kNobody, .function = 0, .pad = 0}, .id = id};
    ASSERT_EQ(bpf_map_delete_elem(series, &key), 0);
  }
  for (std::uint64_t id = 0; id < 10; ++id) {
    go_call_function(probed_outer, goroutine_, {.registers = {id}});
  }
  EXPECT_EQ(total("calls"), 10);
  EXPECT_EQ(samples().size(), 10u);
  EXPECT_EQ(loss("series_failed"), 5u);
  EXPECT_EQ(loss("series_full"), 0u);
}

// Counts calls of outer(s string, n int8) that begin with "ab", by whether n is negative, and observes n.
TEST_F(ProbeTest, ComparesExtendsAndFindsBucketsAtTheirEdges) {
  config_.metrics = {metric("calls", MetricKind::kCounter, {"negative"}),
                     metric("sizes", MetricKind::kHistogram)};
  plan::ProbePlan plan = empty_plan();
  plan::PlannedProbe probe = framed_probe("calls", 0);
  probe.framed = false;
  probe.return_sites.clear();
  operation extend = step(OP_EXTEND, 2, 2, 0, 0, 1);
  extend.flags = OPERATION_SIGNED;
  probe.enter.text = "ab";
  probe.enter.operations = {step(OP_BEGIN),
                            step(OP_ARGUMENT, 0, 0),
                            step(OP_ARGUMENT, 1, 1),
                            step(OP_STRING_PREFIX, 5, 0, 1, 0, 2),
                            step(OP_ARGUMENT, 2, 2),
                            extend,
                            step(OP_CONSTANT, 3),
                            step(OP_LESS, 4, 2, 3),
                            step(OP_STORE, 0, 4, 0, 0, 1)};
  probe.enter.when = 5;
  probe.labels = {{.name = "negative", .kind = plan::LabelField::Kind::kBool, .offset = 0, .size = 1}};
  probe.labels_size = probe.values_size = 1;
  auto sizes = record("sizes", RecordKind::kObserve, false);
  sizes.value = 2;
  sizes.slot = 1;
  sizes.bounds = {-1, 0, 5};
  probe.records = {record("calls", RecordKind::kCount, false), sizes};
  probe.slots = 6;
  plan.probes = {probe};
  attach(std::move(plan));
  const auto call = [&](std::string_view text, std::int8_t number) {
    // Above the byte a register holds anything.
    const std::uint64_t junk = 0xabcdef00u | static_cast<std::uint8_t>(number);
    go_call_function(probed_outer, goroutine_,
                     {.registers = {reinterpret_cast<std::uint64_t>(text.data()), text.size(), junk}});
  };
  call("ab", -1);  // the prefix alone; on a bound
  call("abc", -2);
  call("abcd", 0);  // on a bound
  call("ab", 5);    // on a bound
  call("abz", 6);
  call("a", 1);  // too short
  call("ba", 1);
  std::map<std::vector<std::string>, double> counts;
  std::vector<std::uint64_t> buckets(4);
  for (const auto& sample : samples()) {
    if (sample.metric == "calls") {
      counts[sample.labels] = sample.number;
    } else {
      std::ranges::transform(buckets, sample.buckets, buckets.begin(), std::plus<>());
    }
  }
  EXPECT_EQ(counts, (std::map<std::vector<std::string>, double>{{{"true"}, 2}, {{"false"}, 3}}));
  EXPECT_EQ(buckets, (std::vector<std::uint64_t>{2, 1, 1, 1}));
}

// Counts calls of outer(w Writer) by whether its words are those of a Writer.
TEST_F(ProbeTest, TellsWordsThatAreNoInterface) {
  config_.metrics = {metric("calls", MetricKind::kCounter, {"fits"})};
  plan::ProbePlan plan = empty_plan();
  plan::PlannedProbe probe = framed_probe("calls", 0);
  probe.framed = false;
  probe.return_sites.clear();
  static const std::uint64_t kWriter = 1, kOther = 2;
  const auto address = [](const void* pointer) { return reinterpret_cast<std::uint64_t>(pointer); };
  const std::uint64_t bias = address(probed_outer_entry) - value_of(probe.entry_sites[0].address);
  probe.enter.operations = {step(OP_ARGUMENT, 0, 0), step(OP_ARGUMENT, 1, 1),
                            step(OP_INTERFACE, 2, 0, 1, address(&kWriter) - bias),
                            step(OP_STORE, 0, 2, 0, 0, 1)};
  probe.labels = {{.name = "fits", .kind = plan::LabelField::Kind::kBool, .offset = 0, .size = 1}};
  probe.labels_size = probe.values_size = 1;
  probe.records = {record("calls", RecordKind::kCount, false)};
  probe.slots = 1;
  plan.probes = {probe};
  attach(std::move(plan));
  const std::uint64_t writer_table[] = {address(&kWriter), 7}, other_table[] = {address(&kOther), 7};
  const auto call = [&](std::uint64_t first, std::uint64_t second, int times) {
    for (int i = 0; i < times; ++i) {
      go_call_function(probed_outer, goroutine_, {.registers = {first, second}});
    }
  };
  call(0, 0, 1);
  call(address(writer_table), 0, 2);
  call(address(writer_table), 5, 4);
  EXPECT_EQ(loss("unlikely_value"), 0u);
  call(address(other_table), 5, 8);
  call(0, address(writer_table), 16);
  call(3, 5, 32);  // nothing is there to be read
  std::map<std::vector<std::string>, double> counts;
  for (const auto& sample : samples()) {
    counts[sample.labels] = sample.number;
  }
  EXPECT_EQ(counts, (std::map<std::vector<std::string>, double>{{{"true"}, 7}, {{"false"}, 56}}));
  EXPECT_EQ(loss("unlikely_value"), 56u);
  EXPECT_EQ(loss("read_failed"), 0u);
}

TEST_F(ProbeTest, FoldsProcessesThatAreGoneIntoTheTotal) {
  config_.metrics = {metric("calls", MetricKind::kCounter, {"id"})};
  config_.metrics[0].max_series = 10;
  plan::ProbePlan plan = empty_plan();
  plan.probes = {labelled_counter()};
  attach(std::move(plan));
  // Each round stands for the life of a process: 200 lives with five series each in a map with room for ten.
  for (int life = 0; life < 200; ++life) {
    for (std::uint64_t id = 0; id < 5; ++id) {
      go_call_function(probed_outer, goroutine_, {.registers = {id}});
    }
    fold();
    EXPECT_EQ(total("calls"), 5 * (life + 1));
  }
  EXPECT_EQ(samples().size(), 5u);
  EXPECT_EQ(loss("series_full"), 0u);
}

TEST_F(ProbeTest, CountsPairsByObject) {
  config_.metrics = {metric("open", MetricKind::kGauge)};
  plan::ProbePlan plan = empty_plan();
  plan::PlannedProbe up = framed_probe("up", 0);
  up.framed = false;
  up.return_sites.clear();
  up.enter.operations = {step(OP_ARGUMENT, 0, 0)};
  up.records = {record("open", RecordKind::kPairUp, false)};
  up.records[0].value = 0;
  up.records[0].object = 3;
  plan::PlannedProbe down = framed_probe("down", 1);
  down.framed = false;
  down.return_sites.clear();
  down.enter.operations = up.enter.operations;
  down.records = {record("open", RecordKind::kPairDown, false)};
  down.records[0].value = 0;
  down.records[0].object = 3;
  plan.probes = {up, down};
  attach(std::move(plan));
  for (std::uint64_t object = 1; object <= 100; ++object) {
    go_call_function(probed_outer, goroutine_, {.registers = {object}});
    go_call_function(probed_outer, goroutine_, {.registers = {object}});
  }
  EXPECT_EQ(total("open"), 100);
  for (std::uint64_t object = 1; object <= 60; ++object) {
    go_call_function(probed_inner, goroutine_, {.registers = {object}});
    go_call_function(probed_inner, goroutine_, {.registers = {object}});
  }
  EXPECT_EQ(total("open"), 40);
}

}  // namespace
}  // namespace bpf_test
