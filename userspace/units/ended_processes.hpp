// What becomes of the counts of processes that are gone: they go to their services' totals, at once or, where
// a label was the process's own, after a while.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "units/attachments.hpp"
#include "units/kept_state.hpp"
#include "units/process_registry.hpp"

namespace units {

class EndedProcesses {
 public:
  // All arguments outlive the result.
  EndedProcesses(Attachments* attachments, ProcessRegistry* registry, KeptState* kept,
                 const base::Clock* clock, base::Logger* log)
      : attachments_(attachments), registry_(registry), kept_(kept), clock_(clock), log_(log) {}

  // A process that is in the registry has ended. Series with labels of its own (a gateway's id) stay for a
  // while, as a scrape may still want them.
  void end(std::uint32_t number, const attach::SharedMaps& maps);

  // Adds up series that have stayed for long enough.
  void retire(const attach::SharedMaps& maps);

 private:
  [[nodiscard]] bool has_labels_of_its_own(std::uint32_t number) const;

  struct Retiring {
    std::uint32_t number = 0;
    std::chrono::steady_clock::time_point until;  // its series are shown
  };

  Attachments* attachments_;
  ProcessRegistry* registry_;
  KeptState* kept_;
  const base::Clock* clock_;
  base::Logger* log_;
  std::deque<Retiring> retiring_;
};

}  // namespace units
