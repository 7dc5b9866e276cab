#include "units/series_memory.hpp"

#include <algorithm>
#include <utility>

#include "attach/pinned_binary.hpp"
#include "attach/series_slabs.hpp"

namespace units {

using base::Result;

void SeriesMemory::grow(Attachments& attachments, const attach::PinFolder& units,
                        const std::function<void()>& show) {
  Result<> result;
  for (const auto& attachment : attachments.all()) {
    attach::AttachedBinary& binary = attachment->binary;
    for (std::size_t i = 0; !binary.links.empty() && i < binary.probes.size(); ++i) {
      if (auto grown = grow(binary, i, units, show); !grown) {
        result = std::move(grown);
      }
    }
  }
  if (!result) {
    ++failures_;
  }
  if (!result && !is_short_) {
    log_->warn("no memory per CPU for more series: all CPUs count them in one place, and nothing is lost",
               {{"reason", result.error().message}});
  }
  is_short_ = !result;
}

Result<> SeriesMemory::grow(attach::AttachedBinary& binary, std::size_t probe, const attach::PinFolder& units,
                            const std::function<void()>& show) {
  attach::AttachedProbe& attached = binary.probes[probe];
  if (!attached.maps.series ||
      attached.maps.made_slabs.size() == attach::slabs_of(attached.maps.series_limit)) {
    return {};
  }
  ASSIGN_OR_RETURN(const std::size_t wanted, attach::wanted_slabs(attached.maps));
  if (wanted <= attached.maps.made_slabs.size()) {
    return {};
  }
  const attach::PinFolder counts = attach::pinned_counts(units, binary, attached);
  const std::uint32_t words = std::max<std::uint32_t>(binary.plan.probes[probe].slots, 1);
  Result<base::UniqueFd> slab;
  while (attached.maps.made_slabs.size() < wanted) {
    slab = attach::make_slab(counts, attached.maps, words);
    if (!slab) {
      break;
    }
    attached.maps.made_slabs.push_back(*std::move(slab));
  }
  show();
  RETURN_IF_ERROR(attach::open_slabs(attached.maps));
  return slab ? Result<>{} : std::unexpected(std::move(slab.error()));
}

void SeriesMemory::follow(Attachments& attachments, const attach::PinFolder& units) {
  for (const auto& attachment : attachments.all()) {
    for (attach::AttachedProbe& probe : attachment->binary.probes) {
      if (probe.maps.series) {
        attach::find_slabs(attach::pinned_counts(units, attachment->binary, probe), probe.maps);
      }
    }
  }
}

}  // namespace units
