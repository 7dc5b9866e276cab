#include "inspect/go/go_argument_words.hpp"

#include <cstdint>

namespace inspect {
namespace {

// internal/abi/symtab.go and cmd/compile/internal/ssagen/ssa.go, EmitArgInfo.
constexpr std::uint8_t kEnd = 0xff;
constexpr std::uint8_t kStartAggregate = 0xfe;
constexpr std::uint8_t kEndAggregate = 0xfd;
constexpr std::uint8_t kFirstSpecial = 0xf0;
constexpr int kMaxBytes = 64;  // traceArgsMaxLen is 41

}  // namespace

std::vector<ArgumentWord> parse_argument_words(base::ByteView argument_info) {
  std::vector<ArgumentWord> words;
  base::ByteReader reader(argument_info.first(kMaxBytes));
  while (reader.ok()) {
    const auto offset = reader.read<std::uint8_t>();
    if (offset == kStartAggregate || offset == kEndAggregate) {
      continue;
    }
    if (!reader.ok() || offset == kEnd || offset >= kFirstSpecial) {
      break;
    }
    const auto size = reader.read<std::uint8_t>();
    words.push_back({offset, size});
  }
  return words;
}

}  // namespace inspect
