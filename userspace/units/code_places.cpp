#include "units/code_places.hpp"

#include <utility>

namespace units {
namespace {

// A process that lies about its stacks can name any address.
constexpr std::size_t kMostPlaces = 1U << 16U;

}  // namespace

void CodePlaces::close() {
  opened_.reset();
  path_.clear();
}

std::optional<inspect::CodePlace> CodePlaces::at(inspect::VirtualAddress instruction) {
  const auto known = known_.find(value_of(instruction));
  if (known != known_.end()) {
    return known->second;
  }
  if (!opened_ && !path_.empty()) {
    open_now();
  }
  if (!opened_) {
    return std::nullopt;
  }
  if (known_.size() == kMostPlaces) {
    known_.clear();
  }
  const std::optional<inspect::CodePlace> place = opened_->unwind.at(instruction);
  if (!opened_->file.is_whole()) {
    close();
    return std::nullopt;
  }
  return known_.emplace(value_of(instruction), place).first->second;
}

void CodePlaces::open_now() {
  auto file = base::MappedFile::open(path_);
  if (!file) {
    path_.clear();  // the process is gone
    return;
  }
  if (auto unwind = inspect::GoUnwind::read(file->bytes()); unwind && file->is_whole()) {
    opened_.emplace(Opened{std::move(*file), std::move(*unwind)});
  } else {
    path_.clear();
  }
}

}  // namespace units
