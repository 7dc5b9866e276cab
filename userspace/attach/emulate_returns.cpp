#include "attach/emulate_returns.hpp"

#include <elf.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "base/unique_fd.hpp"

namespace attach {
namespace {

// A program may have hundreds of segments, never so many as a hostile header can claim.
constexpr unsigned kMostSegments = 1024;

template <class T>
std::optional<T> read_at(const base::UniqueFd& file, std::uint64_t offset) {
  T value{};
  if (::pread(file.value(), &value, sizeof(value), static_cast<off_t>(offset)) != sizeof(value)) {
    return std::nullopt;
  }
  return value;
}

bool is_plain_return(const base::UniqueFd& file, const plan::Site& site) {
  constexpr std::uint8_t kRet = 0xc3;
  constexpr std::uint8_t kRep = 0xf3;
  const std::uint64_t offset = inspect::value_of(site.offset);
  const auto first = read_at<std::uint8_t>(file, offset);
  return first == kRet || (first == kRep && read_at<std::uint8_t>(file, offset + 1) == kRet);
}

// Of the first executable segment, as the kernel counts mm->start_code from it.
std::optional<std::uint64_t> code_address(const base::UniqueFd& file) {
  const auto header = read_at<Elf64_Ehdr>(file, 0);
  std::optional<std::uint64_t> lowest;
  for (unsigned i = 0; header && i < std::min<unsigned>(header->e_phnum, kMostSegments); ++i) {
    const auto segment = read_at<Elf64_Phdr>(file, header->e_phoff + i * sizeof(Elf64_Phdr));
    if (segment && segment->p_type == PT_LOAD && (segment->p_flags & PF_X) != 0) {
      lowest = std::min(lowest.value_or(segment->p_vaddr), segment->p_vaddr);
    }
  }
  return lowest;
}

}  // namespace

void emulate_returns(const KernelSupport& kernel, const std::string& file, std::span<const plan::Site> sites,
                     probe_spec& spec) {
  if (!kernel.register_writes || sites.empty()) {
    return;
  }
  const base::UniqueFd opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  const auto code = opened ? code_address(opened) : std::nullopt;
  if (!code ||
      !std::ranges::all_of(sites, [&](const plan::Site& site) { return is_plain_return(opened, site); })) {
    return;
  }
  spec.code_address = *code;
  spec.emulates_returns = 1;
}

}  // namespace attach
