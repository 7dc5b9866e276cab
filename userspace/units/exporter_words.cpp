#include "units/exporter_words.hpp"

#include <bpf/bpf.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <utility>

#include "base/unique_fd.hpp"

namespace units {
namespace {

constexpr auto kCount = static_cast<std::uint32_t>(Word::kWords);
constexpr const char* kName = "exporter";

class PinnedWords final : public ExporterWords {
 public:
  explicit PinnedWords(base::UniqueFd map) : map_(std::move(map)) {}

  [[nodiscard]] std::uint64_t get(Word which) const override {
    const auto key = static_cast<std::uint32_t>(which);
    std::uint64_t value = 0;
    bpf_map_lookup_elem(map_.value(), &key, &value);
    return value;
  }

  void set(Word which, std::uint64_t value) override {
    const auto key = static_cast<std::uint32_t>(which);
    bpf_map_update_elem(map_.value(), &key, &value, BPF_ANY);
  }

 private:
  base::UniqueFd map_;
};

class OwnWords final : public ExporterWords {
 public:
  [[nodiscard]] std::uint64_t get(Word which) const override { return words_.at(index_of(which)); }

  void set(Word which, std::uint64_t value) override { words_.at(index_of(which)) = value; }

 private:
  static std::size_t index_of(Word which) { return static_cast<std::size_t>(which); }

  std::array<std::atomic<std::uint64_t>, kCount> words_{};
};

}  // namespace

base::Result<std::unique_ptr<ExporterWords>> open_words(const attach::PinFolder& folder) {
  if (!folder.is_somewhere()) {
    return std::make_unique<OwnWords>();
  }
  if (auto words = folder.get(kName)) {
    return std::make_unique<PinnedWords>(*std::move(words));
  }
  base::UniqueFd map(bpf_map_create(BPF_MAP_TYPE_ARRAY, kName, sizeof(std::uint32_t), sizeof(std::uint64_t),
                                    kCount, nullptr));
  if (!map) {
    return base::fail_errno(errno, "creating map {}", kName);
  }
  RETURN_IF_ERROR(folder.pin(map.value(), kName));
  return std::make_unique<PinnedWords>(std::move(map));
}

}  // namespace units
