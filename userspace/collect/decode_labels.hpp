// Bytes of captured values -> the text of labels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "plan/probe_plan.hpp"

namespace collect {

// The mark at the end of a string that was longer than its field.
inline constexpr const char* kTruncationMark = "…";

// The label's text, transforms applied. Bytes outside of `values` read as zero. Not necessarily valid UTF-8.
[[nodiscard]] std::string decode_label(const plan::LabelField& field, std::span<const std::byte> values,
                                       std::uint16_t function, const plan::ProbePlan& plan);

}  // namespace collect
