// Attaches hand-written plans to functions of the test program itself and reads what they counted.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "attach/attach_binary.hpp"
#include "attach/call_records.hpp"
#include "attach/process_watch.hpp"
#include "bpf/go_call.hpp"
#include "collect/collector.hpp"
#include "collect/read_maps.hpp"
#include "config/probe_config.hpp"
#include "plan/probe_plan.hpp"

namespace bpf_test {

// An instruction of this program as a site of function number `function`.
plan::Site site_of(const void* instruction, std::uint16_t function);

// A plan for Go code whose goroutines are bpf_test::Goroutine.
plan::ProbePlan empty_plan();

// A framed probe of probed_outer (function 0) or probed_inner (1), without labels and records.
plan::PlannedProbe framed_probe(std::string name, std::uint16_t function);

operation step(int code, int d = 0, int a = 0, int b = 0, std::uint64_t imm = 0, int size = 0, int text = 0);

class ProbeTest : public ::testing::Test {
 protected:
  void SetUp() override;

  // Attaches; fails the test where a probe is refused.
  void attach(plan::ProbePlan plan);
  // The next generation takes over from what is attached.
  void replace(plan::ProbePlan plan);
  // What is attached stays so, as another exporter's or another service's would.
  void attach_beside(plan::ProbePlan plan);
  // binary() is what it was before the last attach_beside, and the other way round.
  void swap_binaries();

  // What is counted from now on is counted per CPU.
  void give_slabs();

  std::vector<collect::Sample> samples();
  // Sum over all series of a metric: a counter's number, a histogram's count.
  double total(const std::string& metric);
  std::uint64_t loss(const std::string& reason);
  std::size_t frames_left();
  std::vector<collect::RawFrame> frames();
  attach::CallRecords records();

  [[nodiscard]] const attach::AttachedBinary& binary() const { return binary_.value(); }

  [[nodiscard]] const attach::ProcessWatch& watch() const { return watch_.value(); }

  // This process, which was hit before, belongs to these services from now on.
  void classify(std::uint64_t services);

  // As at the end of this process.
  void fold();

  config::ProbeConfig config_;
  Goroutine goroutine_;

 private:
  attach::KernelSupport kernel_;
  std::optional<attach::ProcessWatch> watch_;
  attach::UnitNumbers numbers_;
  attach::ServiceBits service_bits_;
  std::optional<attach::AttachedBinary> binary_;
  std::optional<attach::AttachedBinary> beside_;
  collect::GaugeMemory gauges_;
};

}  // namespace bpf_test
