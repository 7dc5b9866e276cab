// Counts of probes that are no more: of binaries that were replaced, of probes that were changed or left out.
// The metrics that they fed may still exist, and a counter never goes down.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "collect/sample.hpp"

namespace collect {

struct Totals {
  // Counters and histograms. With a process number: its labels were learnt of that process, and go with it.
  std::vector<Sample> samples;
  std::vector<Loss> losses;
  std::map<std::string, std::uint64_t> hits;  // by probe
  // Ids of pinned counts that are in here and not removed yet (attach::counts_id): nothing is added twice.
  std::vector<std::uint32_t> merged;

  bool operator==(const Totals&) const = default;
};

// Adds what `samples` count to those of equal labels.
void add_samples(Totals& totals, std::span<const Sample> samples);

void add_losses(Totals& totals, std::span<const Loss> losses);

// Leaves out the samples of a process.
void forget_process(Totals& totals, std::uint32_t process);

// As bytes, for the next exporter.
[[nodiscard]] std::string encode_totals(const Totals& totals);

// kUnsupported: these are not the bytes of totals.
[[nodiscard]] base::Result<Totals> decode_totals(std::string_view bytes);

}  // namespace collect
