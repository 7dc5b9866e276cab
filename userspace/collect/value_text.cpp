#include "collect/value_text.hpp"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <utility>

namespace collect {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

// `amount` of `unit`s of so many nanoseconds, with what is left as decimals: 1500 in units of 1000 is "1.5".
std::string decimal(std::uint64_t amount, std::uint64_t unit) {
  std::string text = fmt::format("{}", amount / unit);
  std::string decimals;
  for (std::uint64_t rest = amount % unit, digit = unit / 10; rest != 0; rest %= digit, digit /= 10) {
    decimals += static_cast<char>('0' + rest / digit);
    if (digit == 1) {
      break;
    }
  }
  return decimals.empty() ? text : text + "." + decimals;
}

}  // namespace

std::string duration_text(std::int64_t nanoseconds) {
  const auto bits = static_cast<std::uint64_t>(nanoseconds);
  const std::uint64_t amount = nanoseconds < 0 ? 0 - bits : bits;
  const std::string sign = nanoseconds < 0 ? "-" : "";
  if (amount == 0) {
    return "0s";
  }
  constexpr std::array<std::pair<std::uint64_t, const char*>, 3> kParts{
      {{1, "ns"}, {1'000, "µs"}, {1'000'000, "ms"}}};
  for (const auto& [unit, name] : kParts) {
    if (amount < unit * 1000) {
      return sign + decimal(amount, unit) + name;
    }
  }
  const std::uint64_t minutes = amount / kSecond / 60;
  std::string text = decimal(amount - minutes * 60 * kSecond, kSecond) + "s";
  if (minutes >= 60) {
    text = fmt::format("{}h{}m", minutes / 60, minutes % 60) + text;
  } else if (minutes > 0) {
    text = fmt::format("{}m", minutes) + text;
  }
  return sign + text;
}

std::string hex_text(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  }
  return text;
}

std::string uuid_text(std::string_view bytes) {
  std::string text = hex_text(bytes);
  if (bytes.size() == 16) {
    for (const std::size_t dash : {8U, 13U, 18U, 23U}) {
      text.insert(dash, 1, '-');
    }
  }
  return text;
}

}  // namespace collect
