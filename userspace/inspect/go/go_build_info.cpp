#include "inspect/go/go_build_info.hpp"

#include <optional>
#include <string_view>

#include "base/byte_reader.hpp"

namespace inspect {
namespace {

using base::ByteReader;
using base::ByteView;

// debug/buildinfo/buildinfo.go.
constexpr std::string_view kMagic = "\xff Go buildinf:";
constexpr std::uint64_t kHeaderSize = 32;
constexpr std::uint64_t kAlignment = 16;
constexpr std::uint8_t kInlineStrings = 2;
constexpr std::uint64_t kMaxVersionLength = 256;
constexpr std::uint64_t kMaxModuleTextLength = 4ULL * 1024 * 1024;
constexpr std::size_t kMaxModules = 100'000;

// cmd/go/internal/modload/build.go: 16 bytes around the module text, so that it can be found in memory.
constexpr std::string_view kModuleTextStart =
    "\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6";

struct RawBuildInfo {
  std::string_view version;
  std::string_view modules;
};

bool is_version(std::string_view text) {
  return text.starts_with("go1.") || text.starts_with("devel ");
}

std::string_view go_string_at(const ElfImage& image, VirtualAddress header, std::uint64_t limit) {
  const std::uint64_t data = image.pointer_at(header).value_or(0);
  const auto size_word = static_cast<VirtualAddress>(value_of(header) + 8);
  const std::uint64_t size = image.pointer_at(size_word).value_or(0);
  if (data == 0 || size > limit) {
    return {};
  }
  const std::optional<ByteView> text = image.bytes_at(static_cast<VirtualAddress>(data)).part(0, size);
  return text ? text->text() : std::string_view();
}

// The two strings follow the header since Go 1.18; older programs are not supported.
RawBuildInfo read_header(ByteView bytes) {
  RawBuildInfo info;
  if ((bytes.at<std::uint8_t>(15).value_or(0) & kInlineStrings) == 0) {
    return info;
  }
  ByteReader reader(bytes.rest(kHeaderSize));
  info.version = reader.take(reader.read_uvarint()).text().substr(0, kMaxVersionLength);
  info.modules = reader.take(reader.read_uvarint()).text().substr(0, kMaxModuleTextLength);
  return info;
}

RawBuildInfo from_header(const ElfImage& image) {
  if (const Section* section = image.section(".go.buildinfo"); section != nullptr) {
    const ByteView bytes = image.contents(*section);
    return bytes.first(kMagic.size()).text() == kMagic ? read_header(bytes) : RawBuildInfo{};
  }
  for (const Segment& segment : image.segments()) {
    const ByteView bytes = image.bytes_at(segment.address);
    for (std::size_t at = bytes.text().find(kMagic); at != std::string_view::npos;
         at = bytes.text().find(kMagic, at + 1)) {
      if ((value_of(segment.address) + at) % kAlignment == 0) {
        return read_header(bytes.rest(at));
      }
    }
  }
  return {};
}

// The first string among the program's data that begins as wanted.
template <class Predicate>
std::string_view find_string(const ElfImage& image, const GoModuleData& module, std::uint64_t limit,
                             Predicate is_wanted) {
  for (std::uint64_t at = value_of(module.data); at + 16 <= value_of(module.end_of_data); at += 8) {
    const auto header = static_cast<VirtualAddress>(at);
    if (image.bytes_at(header).empty()) {
      break;
    }
    if (const std::string_view text = go_string_at(image, header, limit); is_wanted(text)) {
      return text;
    }
  }
  return {};
}

std::string_view take_until(std::string_view& text, char end) {
  const std::size_t length = text.find(end);
  const std::string_view taken = text.substr(0, length);
  text.remove_prefix(length == std::string_view::npos ? text.size() : length + 1);
  return taken;
}

// Lines "mod\tPATH\tVERSION\tSUM" (main), "dep\t...", "=>\t..." (what replaces the module before).
std::vector<Module> parse_modules(std::string_view text) {
  std::vector<Module> modules;
  if (text.starts_with(kModuleTextStart)) {
    text.remove_prefix(kModuleTextStart.size());
  }
  while (!text.empty() && modules.size() < kMaxModules) {
    std::string_view line = take_until(text, '\n');
    const std::string_view what = take_until(line, '\t');
    if (what != "mod" && what != "dep" && what != "=>") {
      continue;
    }
    const std::string_view path = take_until(line, '\t');
    const std::string_view version = take_until(line, '\t');
    if (what == "=>" && !modules.empty()) {
      modules.back().version = version;  // import paths keep the name of the replaced module
    } else if (what == "mod") {
      modules.insert(modules.begin(), {std::string(path), std::string(version)});
    } else if (what == "dep") {
      modules.push_back({std::string(path), std::string(version)});
    }
  }
  return modules;
}

}  // namespace

GoBuildInfo read_go_build_info(const ElfImage& image, const GoModuleData& module) {
  RawBuildInfo raw = from_header(image);
  if (!is_version(raw.version)) {
    raw.version = find_string(image, module, kMaxVersionLength, is_version);
  }
  if (raw.modules.empty()) {
    raw.modules = find_string(image, module, kMaxModuleTextLength,
                              [](std::string_view text) { return text.starts_with(kModuleTextStart); });
  }
  return {std::string(raw.version), parse_modules(raw.modules)};
}

}  // namespace inspect
