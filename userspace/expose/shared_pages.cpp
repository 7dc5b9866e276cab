#include "expose/shared_pages.hpp"

#include <malloc.h>

#include <cstddef>
#include <utility>

#include "expose/gzip.hpp"
#include "expose/openmetrics_format.hpp"
#include "expose/text_format.hpp"

namespace expose {
namespace {

// The heap keeps what so many series took, otherwise: for the whole time between two scrapes.
constexpr std::size_t kManySeries = 5000;

std::size_t series_in(const metrics::Snapshot& snapshot) {
  std::size_t count = 0;
  for (const metrics::Family& family : snapshot.families) {
    count += family.series.size();
  }
  return count;
}

}  // namespace

class SharedPages::Collection {
 public:
  explicit Collection(base::Result<metrics::Snapshot> snapshot) : snapshot_(std::move(snapshot)) {}

  Collection(const Collection&) = delete;
  Collection& operator=(const Collection&) = delete;
  Collection(Collection&&) = delete;
  Collection& operator=(Collection&&) = delete;

  ~Collection() {
    if (snapshot_ && series_in(*snapshot_) >= kManySeries) {
      *snapshot_ = {};
      pages_.clear();
      ::malloc_trim(0);
    }
  }

  base::Result<Page> page(Format format, bool compressed) {
    if (!snapshot_) {
      return std::unexpected(snapshot_.error());
    }
    const std::scoped_lock lock(mutex_);
    Page& made = pages_[{format, compressed}];
    if (!made) {
      made = std::make_shared<const std::string>(compressed ? gzip(*text_of(format)) : render(format));
    }
    return made;
  }

 private:
  [[nodiscard]] std::string render(Format format) const {
    return format == Format::kOpenMetrics ? openmetrics_format(*snapshot_) : text_format(*snapshot_);
  }

  // Rendered for this once, unless somebody has asked for it.
  [[nodiscard]] Page text_of(Format format) const {
    const auto made = pages_.find({format, false});
    return made != pages_.end() && made->second ? made->second
                                                : std::make_shared<const std::string>(render(format));
  }

  base::Result<metrics::Snapshot> snapshot_;
  std::mutex mutex_;
  std::map<std::pair<Format, bool>, Page> pages_;
};

SharedPages::SharedPages(Collect collect) : collect_(std::move(collect)) {}

base::Result<Page> SharedPages::get(std::optional<std::string_view> service, Format format, bool compressed) {
  return collection_of(service)->page(format, compressed);
}

unsigned SharedPages::waiting(std::optional<std::string_view> service) {
  const std::scoped_lock lock(mutex_);
  return turns_[std::string(service.value_or(""))].waiting;
}

std::shared_ptr<SharedPages::Collection> SharedPages::collection_of(std::optional<std::string_view> service) {
  std::unique_lock lock(mutex_);
  Turns& turns = turns_[std::string(service.value_or(""))];
  const std::uint64_t wanted = turns.begun + 1;
  ++turns.waiting;
  while (turns.ended < wanted) {
    if (turns.is_running) {
      ended_.wait(lock);
    } else {
      take_turn(lock, turns, service);
    }
  }
  std::shared_ptr<Collection> collection = turns.last;
  if (--turns.waiting == 0) {
    turns.last.reset();
  }
  return collection;
}

void SharedPages::take_turn(std::unique_lock<std::mutex>& lock, Turns& turns,
                            std::optional<std::string_view> service) {
  turns.is_running = true;
  const std::uint64_t turn = ++turns.begun;
  lock.unlock();
  auto collection = std::make_shared<Collection>(collect_(service));
  lock.lock();
  turns.last = std::move(collection);
  turns.ended = turn;
  turns.is_running = false;
  ended_.notify_all();
}

}  // namespace expose
