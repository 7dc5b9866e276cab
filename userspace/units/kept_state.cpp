#include "units/kept_state.hpp"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <sys/file.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string_view>
#include <thread>

#include "base/clock.hpp"

namespace units {
namespace {

using base::fail_errno;
using base::Result;

// Of the layout below PATH/v3; maps and descriptions that differ are those of another version.
constexpr std::string_view kVersion = "v3";
constexpr std::chrono::milliseconds kAskEvery{50};
constexpr std::chrono::seconds kPatience{30};
// Enough for a successor to take the turn that was left to it.
constexpr std::chrono::seconds kSuccession{5};

// The turn is a lock on the folder itself: the kernel gives it back when an exporter dies.
Result<base::UniqueFd> open_turn(const std::string& path) {
  base::UniqueFd turn(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!turn) {
    return fail_errno(errno, "opening {}", path);
  }
  return turn;
}

bool try_lock(const base::UniqueFd& turn) {
  return ::flock(turn.value(), LOCK_EX | LOCK_NB) == 0;
}

}  // namespace

base::Result<KeptState> KeptState::open(const std::string& path, base::Logger& log) {
  KeptState state(log);
  if (path.empty()) {
    return state;
  }
  auto root = attach::PinFolder::open(path);
  if (!root) {
    log.warn("counts are not kept: they begin at 0 when the exporter starts again",
             {{"reason", root.error().message}});
    return state;
  }
  state.root_ = *std::move(root);
  RETURN_IF_ERROR(state.open_words());
  RETURN_IF_ERROR(state.wait_for_turn());
  state.drop_other_versions();
  RETURN_IF_ERROR(state.open_folders());
  state.read_kept();
  return state;
}

base::Result<> KeptState::remove(const std::string& path) {
  ASSIGN_OR_RETURN(const base::UniqueFd turn, open_turn(path));
  if (!try_lock(turn)) {
    return base::fail(base::ErrorCode::kKernel, "an exporter is at work with {}: stop it first", path);
  }
  ASSIGN_OR_RETURN(const attach::PinFolder root, attach::PinFolder::open(path));
  for (const std::string& name : root.names()) {
    root.remove(name);
  }
  root.remove("");
  return {};
}

base::Result<> KeptState::open_folders() {
  ASSIGN_OR_RETURN(version_, root_.folder(kVersion));
  ASSIGN_OR_RETURN(shared_, version_.folder("shared"));
  return {};
}

base::Result<> KeptState::open_words() {
  if (auto words = root_.get("exporter")) {
    words_ = *std::move(words);
    return {};
  }
  words_ = base::UniqueFd(bpf_map_create(BPF_MAP_TYPE_ARRAY, "exporter", sizeof(std::uint32_t),
                                         sizeof(std::uint64_t), static_cast<std::uint32_t>(Word::kWords),
                                         nullptr));
  if (!words_) {
    return fail_errno(errno, "creating map exporter");
  }
  return root_.pin(words_.value(), "exporter");
}

base::Result<> KeptState::wait_for_turn() {
  ASSIGN_OR_RETURN(turn_, open_turn(root_.path()));
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!try_lock(turn_)) {
    if (!has_predecessor_) {
      log_->info("another exporter is at work; waiting for it to hand over", {{"pins", root_.path()}});
      has_predecessor_ = true;
    }
    if (std::chrono::steady_clock::now() >= end) {
      return base::fail(
          base::ErrorCode::kKernel,
          "the exporter that is at work with {} does not hand over: stop it, or give this one another "
          "--bpf.pin-path",
          root_.path());
    }
    set_word(Word::kSuccessor, 1);
    std::this_thread::sleep_for(kAskEvery);
  }
  set_word(Word::kSuccessor, 0);
  return {};
}

void KeptState::drop_other_versions() {
  for (const std::string& name : root_.names()) {
    if (name.starts_with('v') && name != kVersion) {
      count_reset("counts of version " + name + " of the pins are there, and this exporter has " +
                  std::string(kVersion));
      root_.remove(name);
    }
  }
}

void KeptState::read_kept() {
  if (const auto bytes = version_.read("totals")) {
    auto totals = collect::decode_totals(*bytes);
    if (totals) {
      totals_ = *std::move(totals);
    } else {
      count_reset(totals.error().message);
    }
  }
  if (const auto bytes = version_.read("services")) {
    try {
      service_bits_ = attach::ServiceBits(nlohmann::json::from_cbor(*bytes).get<std::vector<std::string>>());
    } catch (const nlohmann::json::exception& error) {
      count_reset(std::string("the names of services cannot be read: ") + error.what());
    }
  }
}

base::Result<> KeptState::reset(const std::string& reason) {
  count_reset(reason);
  root_.remove(kVersion);
  totals() = {};
  service_bits_ = {};
  has_predecessor_ = false;
  return open_folders();
}

void KeptState::count_reset(const std::string& reason) {
  log_->warn("counts begin at 0", {{"pins", root_.path()}, {"reason", reason}});
  set_word(Word::kResets, word(Word::kResets) + 1);
}

const std::shared_ptr<const collect::Totals>& KeptState::published_totals() {
  if (!shown_totals_) {
    shown_totals_ = std::make_shared<const collect::Totals>(totals_);
  }
  return shown_totals_;
}

base::Result<> KeptState::save_totals() {
  return version_.write("totals", collect::encode_totals(totals_));
}

base::Result<> KeptState::adapt_totals(const std::vector<config::Metric>& metrics) {
  const collect::Totals before = totals_;
  for (const std::string& metric : collect::adapt(totals(), metrics)) {
    count_reset("metric " + metric +
                " has another kind, unit or bucket than the one that was counted before");
  }
  return totals_ == before ? base::Result<>{} : save_totals();
}

base::Result<> KeptState::save_service_bits() {
  std::string bytes;
  nlohmann::json::to_cbor(service_bits_.names(), bytes);
  return version_.write("services", bytes);
}

void KeptState::note_alive() {
  const std::uint64_t now = base::boot_time_ns();
  const std::uint64_t last = word(Word::kAlive);
  if (!was_noted_ && last != 0 && !has_predecessor_) {
    set_word(Word::kBlind, word(Word::kBlind) + (now - last));
  }
  was_noted_ = true;
  set_word(Word::kAlive, now);
}

bool KeptState::is_wanted() const {
  return word(Word::kSuccessor) != 0;
}

void KeptState::hand_over() {
  turn_ = base::UniqueFd();
  handed_over_ = std::chrono::steady_clock::now();
}

bool KeptState::is_abandoned() const {
  if (std::chrono::steady_clock::now() - handed_over_ < kSuccession) {
    return false;
  }
  const auto turn = open_turn(root_.path());
  return turn && try_lock(*turn);
}

double KeptState::blind_seconds() const {
  return static_cast<double>(word(Word::kBlind)) / 1e9;
}

std::uint64_t KeptState::resets() const {
  return word(Word::kResets);
}

std::uint64_t KeptState::word(Word which) const {
  const auto key = static_cast<std::uint32_t>(which);
  std::uint64_t value = 0;
  if (words_) {
    bpf_map_lookup_elem(words_.value(), &key, &value);
  }
  return value;
}

void KeptState::set_word(Word which, std::uint64_t value) {
  const auto key = static_cast<std::uint32_t>(which);
  if (words_) {
    bpf_map_update_elem(words_.value(), &key, &value, BPF_ANY);
  }
}

}  // namespace units
