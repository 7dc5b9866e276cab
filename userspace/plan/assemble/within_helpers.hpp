// Programs that read values in one function for the labels of calls around it (`within:`). All reads in one
// function are one program.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "config/probe_config.hpp"
#include "plan/assemble/plan_functions.hpp"
#include "plan/compile/compile_probe.hpp"
#include "plan/probe_plan.hpp"

namespace plan {

class WithinHelpers {
 public:
  explicit WithinHelpers(FunctionPlanner* planner);

  // First every read is added, then all are compiled.
  void add(const config::Within& within, const config::ValueLabel& label, const std::string& service);
  void compile();

  // What the label's bytes are. Errors: why the function or the value is not to be had.
  [[nodiscard]] base::Result<LabelField> field_of(const config::Within& within,
                                                  const config::ValueLabel& label) const;

  // Functions that are named there and are not probed, each with the reason.
  [[nodiscard]] std::vector<std::string> left_out_of(const config::Within& within) const;

  // The label's value goes to offset `destination` of the values of probe `target`.
  void use(const config::Within& within, const config::ValueLabel& label, std::uint16_t target,
           std::uint16_t destination);

  // The programs that are used.
  void append_to(std::vector<PlannedProbe>& probes);

 private:
  struct Use {
    std::size_t read = 0;
    std::uint16_t target = 0;
    std::uint16_t destination = 0;
  };

  struct Helper {
    config::Within within;
    std::vector<std::string> services;
    std::vector<WithinRead> reads;
    std::vector<Use> uses;
    std::vector<PlannedProbe> probes;
    std::vector<std::string> left_out;
    std::optional<base::Error> error;
  };

  static std::size_t index_of_read(Helper& helper, const config::ValueLabel& label);
  [[nodiscard]] const Helper* helper_of(const config::Within& within) const;
  void compile_one(Helper& helper);

  FunctionPlanner* planner_;  // the caller's
  std::vector<Helper> helpers_;
};

}  // namespace plan
