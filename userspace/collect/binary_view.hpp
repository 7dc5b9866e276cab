// One binary at one scrape, as the makers of samples need it. Owns nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "attach/attached_binary.hpp"
#include "collect/identities.hpp"
#include "collect/label_values.hpp"
#include "collect/process_table.hpp"
#include "collect/sample.hpp"
#include "config/probe_config.hpp"

namespace collect {

struct BinaryView {
  const config::ProbeConfig* config = nullptr;
  const attach::CountedBinary* binary = nullptr;
  const ProcessTable* processes = nullptr;
  const Identities* identities = nullptr;
  const KnownProcess* folded = nullptr;  // stands for processes that are gone

  bool for_totals = false;  // samples have lasting_labels()

  // The config's metric that a record feeds. Null: the plan is older than the config, which does not have it
  // any more, or with a kind, unit or buckets that its counts cannot be told in.
  [[nodiscard]] const config::Metric* metric(const plan::PlannedRecord& record) const;

  [[nodiscard]] const KnownProcess* process(std::uint32_t number) const;

  // A sample without a value; none where the process is not ours or not known well enough yet, or the metric
  // is not there any more.
  [[nodiscard]] std::optional<Sample> sample_for(const plan::PlannedProbe& probe,
                                                 const plan::PlannedRecord& record,
                                                 const SeriesOrigin& origin) const;
};

}  // namespace collect
