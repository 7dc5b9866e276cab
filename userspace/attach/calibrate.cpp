#include "attach/calibrate.hpp"

#include <bpf/bpf.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "abi/maps.h"
#include "abi/operation.h"
#include "attach/calibration_calls.hpp"
#include "attach/call_times.hpp"
#include "attach/emulate_returns.hpp"
#include "attach/fill_spec.hpp"
#include "attach/gate.hpp"
#include "attach/load_probe.hpp"
#include "attach/own_sites.hpp"
#include "attach/process_watch.hpp"
#include "attach/site_links.hpp"
#include "base/clock.hpp"

namespace attach {
namespace {

using base::Result;

// Many short rounds: the fastest was disturbed by nothing.
constexpr int kRounds = 12;
constexpr std::uint64_t kCalls = 40;  // in a round

constexpr Gate kGate{.number = 0, .generation = 1};
constexpr std::uint64_t kService = 1;  // its bit
constexpr std::string_view kLabel = "sixteen letters.";

// What the programs read of runtime.g.
struct Goroutine {
  std::uint64_t stack_hi = 0;
  std::uint64_t goid = 1;
};

plan::PlannedRecord record(config::RecordKind kind, std::uint16_t slot) {
  plan::PlannedRecord result;
  result.kind = kind;
  result.at_return = true;
  result.slot = slot;
  return result;
}

// func(name string), its calls counted and timed by name.
plan::PlannedProbe typical_probe() {
  constexpr __u16 kCapacity = 32;
  plan::PlannedProbe probe;
  probe.framed = true;
  probe.enter.operations = {{.code = OP_BEGIN},
                            {.code = OP_ARGUMENT, .d = 0, .a = 0},
                            {.code = OP_ARGUMENT, .d = 1, .a = 1},
                            {.code = OP_STORE_STRING, .a = 0, .b = 1, .text = kCapacity, .imm = 0}};
  probe.labels = {
      {.name = "name", .kind = plan::LabelField::Kind::kString, .size = kCapacity + sizeof(__u16)}};
  probe.labels_size = probe.values_size = kCapacity + sizeof(__u16);
  auto duration = record(config::RecordKind::kDuration, 1);
  for (std::int64_t bound = 1'000'000; bound <= 2'048'000'000; bound *= 2) {
    duration.bounds.push_back(bound);
  }
  probe.slots = static_cast<std::uint16_t>(1 + 1 + duration.bounds.size() + 1);
  probe.records = {record(config::RecordKind::kCount, 0), std::move(duration)};
  return probe;
}

plan::ProbePlan typical_plan() {
  plan::ProbePlan plan;
  plan.runtime = inspect::Runtime::kGo;
  plan.position_independent = true;
  plan.functions = {"calibration"};
  plan.goroutine = {.goid = offsetof(Goroutine, goid), .stack_hi = offsetof(Goroutine, stack_hi)};
  plan.probes = {typical_probe()};
  return plan;
}

class Calibration {
 public:
  static Result<Calibration> prepare(const KernelSupport& kernel) {
    Calibration calibration;
    ASSIGN_OR_RETURN(calibration.maps_, private_shared_maps());
    ASSIGN_OR_RETURN(calibration.programs_, load(kernel, calibration.maps_));
    RETURN_IF_ERROR(open_gates(calibration.maps_, std::array{kGate}));
    return calibration;
  }

  Result<> attach(const KernelSupport& kernel) {
    const LinkOptions options{
        .open_path = "/proc/self/exe", .process = ::getpid(), .uprobe_multi = kernel.uprobe_multi};
    for (const ProbeProgram& program : programs_) {
      ASSIGN_OR_RETURN(std::vector<base::UniqueFd> made,
                       link_sites(program.fd.value(), program.sites, options));
      std::ranges::move(made, std::back_inserter(links_));
    }
    // The kernel numbers us at the first hit.
    make_calibration_calls(&call_to(calibration_push), 1);
    return {};
  }

  // Whether the probe counts us.
  Result<> become(std::uint64_t services) {
    __u32 tgid = 0;
    process known{};
    if (bpf_map_get_next_key(maps_.processes.value(), nullptr, &tgid) != 0 ||
        bpf_map_lookup_elem(maps_.processes.value(), &tgid, &known) != 0) {
      return base::fail(base::ErrorCode::kKernel, "a breakpoint in this program was not hit");
    }
    known.classified = known.number;
    known.services = services;
    if (const int error = bpf_map_update_elem(maps_.processes.value(), &tgid, &known, BPF_EXIST);
        error != 0) {
      return base::fail_errno(-error, "classifying this process");
    }
    return {};
  }

  CallTimes measure() {
    return {.push = measure(calibration_push),
            .step = measure(calibration_step),
            .pair = measure(calibration_pair)};
  }

 private:
  static Result<std::vector<ProbeProgram>> load(const KernelSupport& kernel, const SharedMaps& maps) {
    const plan::ProbePlan plan = typical_plan();
    constexpr std::array<std::uint16_t, 1> kNumbers{0};
    const SpecContext context{.kernel = kernel,
                              .services = kService,
                              .number = kNumbers[0],
                              .numbers = kNumbers,
                              .gate = kGate.number,
                              .generation = kGate.generation,
                              .frame_stride = frame_stride_of(plan),
                              .series_limit = 2};
    LoadRequest request;
    request.shared = &maps;
    request.kernel = kernel;
    request.in_flight_limit = 2;
    ASSIGN_OR_RETURN(request.pid_namespace, own_pid_namespace());
    ASSIGN_OR_RETURN(plan::Site at_return, own_site(calibration_return));
    ASSIGN_OR_RETURN(request.spec, fill_spec(plan, plan.probes.front(), context));
    emulate_returns(kernel, "/proc/self/exe", std::span(&at_return, 1), request.spec);
    request.programs = {{Program::kReturn, {std::move(at_return)}}, {Program::kEnter, {}}};
    for (const char* entry : {calibration_push, calibration_step, calibration_pair}) {
      ASSIGN_OR_RETURN(plan::Site site, own_site(entry));
      request.programs.back().sites.push_back(std::move(site));
    }
    std::optional<BinaryMaps> binary;
    ASSIGN_OR_RETURN(LoadedProbe probe, load_probe(request, binary));
    return std::move(probe.programs);
  }

  const calibration_call& call_to(const char* function) {
    // Any address above the stack of this thread serves as its end.
    goroutine_.stack_hi = reinterpret_cast<std::uint64_t>(__builtin_frame_address(0)) + (1U << 20U);
    call_ = {.function = function, .g = &goroutine_, .text = kLabel.data(), .length = kLabel.size()};
    return call_;
  }

  double measure(const char* function) {
    const calibration_call& call = call_to(function);
    std::chrono::nanoseconds fastest = std::chrono::nanoseconds::max();
    for (int round = 0; round < kRounds; ++round) {
      const auto start = base::thread_processor_time();
      make_calibration_calls(&call, kCalls);
      fastest = std::min(fastest, base::thread_processor_time() - start);
    }
    return static_cast<double>(fastest.count()) / kCalls;
  }

  SharedMaps maps_;
  std::vector<ProbeProgram> programs_;
  std::vector<base::UniqueFd> links_;
  Goroutine goroutine_;
  calibration_call call_{};
};

}  // namespace

base::Result<HitCosts> measure_hit_costs(const KernelSupport& kernel) {
  ASSIGN_OR_RETURN(Calibration calibration, Calibration::prepare(kernel));
  const CallTimes without = calibration.measure();
  RETURN_IF_ERROR(calibration.attach(kernel));
  RETURN_IF_ERROR(calibration.become(0));
  const CallTimes stranger = calibration.measure();
  RETURN_IF_ERROR(calibration.become(kService));
  const CallTimes target = calibration.measure();
  return costs_of(without, stranger, target);
}

}  // namespace attach
