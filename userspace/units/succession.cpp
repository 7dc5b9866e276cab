#include "units/succession.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

namespace units {
namespace {

// Of Word::kSuccessor. A turn that was handed over has its time beside it: nobody may take it for fresh when
// both exporters have died.
enum Request : std::uint64_t {
  kNone,
  kAsked,
  kHandedOver,
  kRequestBits = 2,
};

constexpr std::uint64_t request_in(std::uint64_t word) {
  return word & ((1U << kRequestBits) - 1);
}

constexpr std::uint64_t time_in(std::uint64_t word) {
  return word >> kRequestBits << kRequestBits;
}

constexpr std::uint64_t ns(std::chrono::nanoseconds time) {
  return static_cast<std::uint64_t>(time.count());
}

bool is_just_handed_over(std::uint64_t word, std::uint64_t now_ns) {
  return request_in(word) == kHandedOver && now_ns - time_in(word) < ns(Succession::kSuccession);
}

base::Result<Turn> open_folder(const std::string& path) {
  Turn folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) {
    return base::fail_errno(errno, "opening {}", path);
  }
  return folder;
}

// kind: LOCK_EX or LOCK_SH.
bool try_lock(const Turn& folder, int kind) {
  return ::flock(folder.value(), kind | LOCK_NB) == 0;
}

}  // namespace

base::Result<bool> Succession::try_turn(std::uint64_t now_ns) {
  ASSIGN_OR_RETURN(Turn turn, open_folder(folder_));
  if (!try_lock(turn, LOCK_EX)) {
    return false;
  }
  has_predecessor_ = is_just_handed_over(words_->get(Word::kSuccessor), now_ns) && is_anybody_counting();
  words_->set(Word::kSuccessor, kNone);
  turn_ = std::move(turn);
  return true;
}

void Succession::ask_for_turn() {
  if (request_in(words_->get(Word::kSuccessor)) == kNone) {
    words_->set(Word::kSuccessor, kAsked);
  }
}

void Succession::withdraw() {
  if (is_asked_for_turn()) {
    words_->set(Word::kSuccessor, kNone);
  }
}

bool Succession::is_asked_for_turn() const {
  return request_in(words_->get(Word::kSuccessor)) == kAsked;
}

void Succession::hand_over(std::uint64_t now_ns) {
  alive_at_hand_over_ = words_->get(Word::kAlive);
  words_->set(Word::kSuccessor, time_in(now_ns) | kHandedOver);
  turn_ = Turn();
}

base::Result<Successor> Succession::look_at_successor(std::uint64_t now_ns) {
  if (!is_just_handed_over(words_->get(Word::kSuccessor), now_ns)) {
    ASSIGN_OR_RETURN(const bool is_ours, try_turn(now_ns));
    if (is_ours) {
      has_predecessor_ = false;
      return Successor::kGone;
    }
  }
  if (!has_successor_counted()) {
    return Successor::kPreparing;
  }
  return now_ns > words_->get(Word::kAlive) + ns(kSilence) ? Successor::kSilent : Successor::kCounting;
}

bool Succession::is_anybody_counting() const {
  const auto folder = open_folder(counting_folder());
  return folder && !try_lock(*folder, LOCK_EX);
}

void Succession::begin_to_count(std::uint64_t now_ns) {
  if (auto folder = open_folder(counting_folder()); folder && try_lock(*folder, LOCK_SH)) {
    counting_ = *std::move(folder);
  }
  if (has_predecessor_) {
    words_->set(Word::kAlive, now_ns);
  }
}

}  // namespace units
