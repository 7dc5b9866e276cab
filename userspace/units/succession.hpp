// Which of several exporters with the same pins is at work. One has the turn, a lock that the kernel gives
// back when it dies. Another that starts asks for the turn; the one that has it hands it over, and goes on
// counting until the other's probes do. It has its turn back when the other ends.
//
//   FOLDER            locked by the one that has the turn
//   FOLDER/counting   locked, together, by those whose probes count
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "base/unique_fd.hpp"
#include "units/exporter_words.hpp"

namespace units {

// A locked folder: the right to be at work, as long as the descriptor is open.
using Turn = base::UniqueFd;

// What has become of the exporter that has the turn after us.
enum class Successor : std::uint8_t {
  kPreparing,  // nothing of ours is touched
  kCounting,   // it has begun to take the place of our probes
  kSilent,     // it has, and was not heard of for a while: it is stopped, or starved
  kGone,       // it has ended, and we have the turn again
};

// One thread. Times are base::boot_time_ns(), which all exporters share.
class Succession {
 public:
  static constexpr std::chrono::seconds kSilence{10};
  // Within this, one that asked for the turn takes it.
  static constexpr std::chrono::seconds kSuccession{5};

  // `folder` exists, and one named "counting" in it; exporters with other folders do not concern each other.
  Succession(std::string folder, std::shared_ptr<ExporterWords> words)
      : folder_(std::move(folder)), words_(std::move(words)) {}

  // Has the turn if nobody else has it. Error: the folder cannot be opened.
  [[nodiscard]] base::Result<bool> try_turn(std::uint64_t now_ns);

  // Takes a turn that give_turn() gave.
  void use_turn(Turn turn) { turn_ = std::move(turn); }

  [[nodiscard]] Turn give_turn() { return std::move(turn_); }

  // Whether an exporter has handed over to us, whose probes count until ours do. One that was stopping when
  // we came has not.
  [[nodiscard]] bool has_predecessor() const { return has_predecessor_; }

  void forget_predecessor() { has_predecessor_ = false; }

  // Lets the exporter that has the turn know that we wait for it. To be repeated: another one may have the
  // turn next.
  void ask_for_turn();

  // We wait no more. Who else waits asks again.
  void withdraw();

  [[nodiscard]] bool is_asked_for_turn() const;

  void hand_over(std::uint64_t now_ns);

  // After hand_over().
  [[nodiscard]] base::Result<Successor> look_at_successor(std::uint64_t now_ns);

  // Whether it has begun to count, up to now.
  [[nodiscard]] bool has_successor_counted() const {
    return words_->get(Word::kAlive) != alive_at_hand_over_;
  }

  // Whether the predecessor's probes still count.
  [[nodiscard]] bool is_predecessor_counting() const { return is_anybody_counting(); }

  // Before our probes count: the predecessor cannot go on as if nothing had happened from here on.
  void begin_to_count(std::uint64_t now_ns);

  // Before our probes end to count.
  void end_counting() { counting_ = Turn(); }

 private:
  [[nodiscard]] std::string counting_folder() const { return folder_ + "/counting"; }

  [[nodiscard]] bool is_anybody_counting() const;

  std::string folder_;
  std::shared_ptr<ExporterWords> words_;
  Turn turn_;
  Turn counting_;
  bool has_predecessor_ = false;
  std::uint64_t alive_at_hand_over_ = 0;
};

}  // namespace units
