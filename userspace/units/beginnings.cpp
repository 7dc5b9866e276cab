#include "units/beginnings.hpp"

#include "collect/metric_shape.hpp"

namespace units {
namespace {

bool is_counted_up(const plan::PlannedRecord& record) {
  return collect::counts_for(record.kind, config::MetricKind::kCounter) ||
         collect::counts_for(record.kind, config::MetricKind::kHistogram);
}

// Whether any was not there.
bool add_missing(collect::Totals& totals, const attach::AttachedBinary& binary, double moment) {
  bool is_new = false;
  for (const plan::PlannedProbe& probe : binary.plan.probes) {
    for (const plan::PlannedRecord& record : probe.records) {
      if (is_counted_up(record)) {
        is_new = totals.began[binary.service].emplace(record.metric, moment).second || is_new;
      }
    }
  }
  return is_new;
}

}  // namespace

void note_unknown_beginnings(collect::Totals& totals, const Attachments& attachments) {
  for (const auto& attachment : attachments.all()) {
    add_missing(totals, attachment->binary, 0);
  }
  for (const collect::Sample& sample : totals.samples) {
    totals.began[sample.service].emplace(sample.metric, 0);
  }
}

bool note_beginnings(collect::Totals& totals, const Attachments& attachments,
                     std::chrono::system_clock::time_point now) {
  const double seconds = std::chrono::duration<double>(now.time_since_epoch()).count();
  bool is_new = false;
  for (const auto& attachment : attachments.all()) {
    is_new = (attachment->is_current() && add_missing(totals, attachment->binary, seconds)) || is_new;
  }
  return is_new;
}

}  // namespace units
