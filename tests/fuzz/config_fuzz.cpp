// Any bytes as probes.yaml, as the texts inside of it, and as the web configuration: no crash, no hang, and
// what was read can be written and read again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "config/parse_config.hpp"
#include "config/parse_expression.hpp"
#include "config/parse_web_config.hpp"

namespace {

template <class Parse>
void check_round_trip(std::string_view text, Parse parse) {
  const auto first = parse(text);
  if (!first) {
    return;
  }
  const std::string written = to_string(*first);
  const auto second = parse(written);
  // The normal text may be longer than what is allowed; everything else must hold.
  if (!second ? written.size() <= 4096 && second.error().message.find("nested") == std::string::npos
              : to_string(*second) != written) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(config::parse_config(text, "fuzz.yaml"));
  static_cast<void>(config::parse_web_config(text, "web.yaml"));
  check_round_trip(text, config::parse_expression);
  check_round_trip(text, config::parse_type);
  check_round_trip(text, config::parse_signature);
  return 0;
}
