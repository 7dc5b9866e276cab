// Answers requests from the owner's view: server threads collect here, each on its own, and wait for nobody.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "expose/routes.hpp"
#include "metrics/ratio_window.hpp"
#include "units/owner.hpp"

namespace app {

class Exporter final : public expose::Exposed {
 public:
  // `clock` and `log` outlive the result. With `enable_lifecycle`, reload() may be asked for over HTTP.
  Exporter(std::shared_ptr<units::Owner> owner, bool enable_lifecycle, const base::Clock& clock,
           base::Logger& log);

  // From here on answers are this owner's. Any thread.
  void follow(std::shared_ptr<units::Owner> owner);

  [[nodiscard]] base::Result<metrics::Snapshot> snapshot(std::optional<std::string_view> service) override;
  [[nodiscard]] std::vector<std::string> services() const override;
  [[nodiscard]] std::optional<std::string> not_ready_reason() const override;
  [[nodiscard]] metrics::SelfState self_state() const override;
  [[nodiscard]] std::optional<base::Result<>> reload() override;

 private:
  // What is remembered from scrape to scrape.
  struct Memory {
    std::vector<config::Metric> metrics;  // those that `ratios` are of
    metrics::RatioWindows ratios;
    std::vector<metrics::MetricUse> use;
    std::chrono::duration<double> last_scrape{0};
  };

  std::vector<metrics::Family> remember(const units::View& view, const std::vector<collect::Sample>& samples,
                                        std::optional<std::string_view> service);
  [[nodiscard]] metrics::SelfState state_of(const units::Owner& owner, const units::View& view) const;
  [[nodiscard]] std::shared_ptr<units::Owner> owner() const;

  const bool enable_lifecycle_;
  const base::Clock* clock_;  // owned by main
  base::Logger* log_;         // owned by main
  std::mutex reading_;  // scrapes read in turns: to the windows of ratios, counts that go back began again
  mutable std::mutex mutex_;  // guards what follows, for arithmetic only
  std::shared_ptr<units::Owner> owner_;
  Memory memory_;
};

}  // namespace app
