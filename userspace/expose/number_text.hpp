// Numbers as Prometheus reads them: shortest text that gives the same double, whatever the locale.
#pragma once

#include <string>

namespace expose {

// "1", "0.25", "1e+21", "+Inf", "-Inf", "NaN".
[[nodiscard]] std::string number_text(double number);

// The same, with ".0" where it would look like an integer: OpenMetrics writes bounds so.
[[nodiscard]] std::string float_text(double number);

}  // namespace expose
