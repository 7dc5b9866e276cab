#include "collect/poll_object.hpp"
#include "collect/unwound_series.hpp"
namespace collect {
std::optional<std::int64_t> poll_object(const plan::ProbePlan&, const plan::Phase&, const KnownProcess&, const RawObject&, std::uint64_t) { return std::nullopt; }
RawSeries unwound_series(const plan::PlannedProbe&, const RawUnwound&) { return {}; }
}
