// One collection for all who ask meanwhile.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "expose/negotiate.hpp"
#include "metrics/snapshot.hpp"

namespace expose {

// The text of a response; those of one collection share it, and the last of them frees it.
using Page = std::shared_ptr<const std::string>;

class SharedPages {
 public:
  using Collect = std::function<base::Result<metrics::Snapshot>(std::optional<std::string_view> service)>;

  // `collect` is called by one thread at a time for each service, and may be by several for different ones.
  explicit SharedPages(Collect collect);

  // The page of a collection that began after this call did: one that runs already, perhaps for long, is
  // not it, the next one is, for all who wait. It is rendered and compressed once for each form that is
  // asked for. Called from any thread. Error: that of `collect`.
  [[nodiscard]] base::Result<Page> get(std::optional<std::string_view> service, Format format,
                                       bool compressed);

  // How many wait for a collection now, the one that makes it included.
  [[nodiscard]] unsigned waiting(std::optional<std::string_view> service);

 private:
  class Collection;

  struct Turns {
    std::uint64_t begun = 0;  // collections
    std::uint64_t ended = 0;
    bool is_running = false;
    unsigned waiting = 0;
    std::shared_ptr<Collection> last;  // kept while somebody waits
  };

  [[nodiscard]] std::shared_ptr<Collection> collection_of(std::optional<std::string_view> service);
  void take_turn(std::unique_lock<std::mutex>& lock, Turns& turns, std::optional<std::string_view> service);

  Collect collect_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::map<std::string, Turns, std::less<>> turns_;  // by service, "" for all of them
};

}  // namespace expose
