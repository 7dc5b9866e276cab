// What the formats are tested with: every kind, and every character that needs care.
#pragma once

#include <limits>

#include "metrics/snapshot.hpp"

namespace expose {

inline metrics::Snapshot example_snapshot() {
  using metrics::Family;
  using metrics::FamilyKind;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return {.families = {
              Family{.name = "connection_count",
                     .help = "Open \"WebSocket\" connections.\nSecond line \\ end",
                     .kind = FamilyKind::kGauge,
                     .unit = "",
                     .labels = {"gateway_id"},
                     .bounds = {},
                     .series = {{.labels = {""}, .number = -0.5, .buckets = {}},
                                {.labels = {"a\"b\\c\nd\te\rf"}, .number = kInfinity, .buckets = {}},
                                {.labels = {"z\xC3\xA4\xF0\x9F\x98\x80"}, .number = 3, .buckets = {}}}},
              Family{.name = "lookups",
                     .help = "A counter without _total.",
                     .kind = FamilyKind::kCounter,
                     .unit = "",
                     .labels = {},
                     .bounds = {},
                     .series = {{.labels = {}, .number = 7, .buckets = {}}}},
              Family{.name = "request_duration_ms",
                     .help = "",
                     .kind = FamilyKind::kHistogram,
                     .unit = "ms",
                     .labels = {"service", "method"},
                     .bounds = {0.5, 1, 2500},
                     .series = {{.labels = {"logic", "Login"}, .number = 1234.5, .buckets = {1, 2, 3, 4}}}},
              Family{.name = "request_total",
                     .help = "Requests handled.",
                     .kind = FamilyKind::kCounter,
                     .unit = "ms",
                     .labels = {"status"},
                     .bounds = {},
                     .series = {{.labels = {"error"}, .number = 1e21, .buckets = {}},
                                {.labels = {"ok"}, .number = 123456789012, .buckets = {}}}},
              Family{.name = "wait_seconds",
                     .help = "Negative bounds.",
                     .kind = FamilyKind::kHistogram,
                     .unit = "seconds",
                     .labels = {},
                     .bounds = {-1, 0},
                     .series = {{.labels = {}, .number = -3, .buckets = {1, 1, 1}}}},
          }};
}

}  // namespace expose
