// Which path answers what. Pure: a request in, a response out.
//
//   /metrics            everything          /-/healthy   200 while we live
//   /metrics/<service>  one service's part  /-/ready     200 once probes are attached, else 503 with the
//   reason /                   a page for people     POST /-/reload  loads the configuration again
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "expose/request.hpp"
#include "expose/shared_pages.hpp"
#include "metrics/self_state.hpp"
#include "metrics/snapshot.hpp"

namespace expose {

// What the routes show; implemented by app. Called from several server threads at once.
class Exposed {
 public:
  Exposed() : pages_([this](std::optional<std::string_view> service) { return snapshot(service); }) {}

  Exposed(const Exposed&) = delete;
  Exposed& operator=(const Exposed&) = delete;
  Exposed(Exposed&&) = delete;
  Exposed& operator=(Exposed&&) = delete;
  virtual ~Exposed() = default;

  // What the routes show of snapshot().
  [[nodiscard]] SharedPages& pages() { return pages_; }

  // Collects now. With `service`, one of services(), only its part. Error: something cannot be read, and sums
  // without it would be too low.
  [[nodiscard]] virtual base::Result<metrics::Snapshot> snapshot(std::optional<std::string_view> service) = 0;
  // Names of all configured services.
  [[nodiscard]] virtual std::vector<std::string> services() const = 0;
  // Why we are not ready yet; nullopt once we are.
  [[nodiscard]] virtual std::optional<std::string> not_ready_reason() const = 0;
  [[nodiscard]] virtual metrics::SelfState self_state() const = 0;
  // Loads the configuration again and returns when that is done; what went wrong as text. Absent: not to be
  // asked for over HTTP.
  [[nodiscard]] virtual std::optional<base::Result<>> reload() = 0;

 private:
  SharedPages pages_;
};

// Whether the answer to a path takes no time: it waits for no collection and no lock.
[[nodiscard]] bool is_answered_at_once(std::string_view path);

[[nodiscard]] Response answer(const Request& request, Exposed& exposed);

}  // namespace expose
