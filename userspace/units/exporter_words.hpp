// Numbers that exporters leave to each other, whatever their versions.
#pragma once

#include <cstdint>
#include <memory>

#include "attach/pin_folder.hpp"
#include "base/error.hpp"

namespace units {

enum class Word : std::uint32_t {
  kAlive,      // boot time in ns: probes were attached then; 0: never
  kBlind,      // ns in which services ran without probes, all together
  kResets,     // times that counts were given up
  kSuccessor,  // units/succession
  kWords,
};

// Any thread.
class ExporterWords {
 public:
  ExporterWords() = default;
  ExporterWords(const ExporterWords&) = delete;
  ExporterWords& operator=(const ExporterWords&) = delete;
  ExporterWords(ExporterWords&&) = delete;
  ExporterWords& operator=(ExporterWords&&) = delete;
  virtual ~ExporterWords() = default;

  [[nodiscard]] virtual std::uint64_t get(Word which) const = 0;
  virtual void set(Word which, std::uint64_t value) = 0;
};

// Of the exporters at `folder`, found there or made, all 0. Without a folder: of this exporter alone.
[[nodiscard]] base::Result<std::unique_ptr<ExporterWords>> open_words(const attach::PinFolder& folder);

}  // namespace units
