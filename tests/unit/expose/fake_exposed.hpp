// An exporter that has little to say.
#pragma once

#include <atomic>

#include "expose/routes.hpp"

namespace expose {

class FakeExposed : public Exposed {
 public:
  // One counter; its value is 1, or 2 for the service "logic" alone.
  base::Result<metrics::Snapshot> snapshot(std::optional<std::string_view> service) override {
    ++snapshots;
    if (unreadable) {
      return std::unexpected(*unreadable);
    }
    metrics::Family family;
    family.name = "request_total";
    family.series = {{.labels = {}, .number = service == "logic" ? 2.0 : 1.0, .buckets = {}}};
    return metrics::Snapshot{.families = {family}};
  }

  [[nodiscard]] std::vector<std::string> services() const override { return {"gateway", "logic"}; }

  [[nodiscard]] std::optional<std::string> not_ready_reason() const override { return reason; }

  [[nodiscard]] metrics::SelfState self_state() const override {
    metrics::SelfState state;
    state.build.version = "1.2.3";
    return state;
  }

  [[nodiscard]] std::optional<base::Result<>> reload() override { return reloaded; }

  std::optional<base::Error> unreadable;
  std::optional<std::string> reason;
  std::optional<base::Result<>> reloaded;
  std::atomic<int> snapshots = 0;
};

}  // namespace expose
