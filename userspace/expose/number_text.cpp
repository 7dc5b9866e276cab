#include "expose/number_text.hpp"

#include <fmt/format.h>

#include <cmath>

namespace expose {

std::string number_text(double number) {
  if (std::isnan(number)) {
    return "NaN";
  }
  if (std::isinf(number)) {
    return number > 0 ? "+Inf" : "-Inf";
  }
  return fmt::to_string(number);
}

std::string float_text(double number) {
  std::string text = number_text(number);
  if (text.find_first_not_of("-0123456789") == std::string::npos) {
    text += ".0";
  }
  return text;
}

}  // namespace expose
