#include "units/kept_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "base/clock.hpp"

namespace units {
namespace {

using base::Result;

// Of the layout below PATH/v4; maps and descriptions that differ are those of another version.
constexpr std::string_view kVersion = "v4";
constexpr std::chrono::milliseconds kAskEvery{50};
constexpr std::chrono::seconds kPatience{30};

std::string encode_names(const std::vector<std::string>& names) {
  std::string bytes;
  nlohmann::json::to_cbor(names, bytes);
  return bytes;
}

Result<std::vector<std::string>> decode_names(std::string_view bytes) {
  try {
    return nlohmann::json::from_cbor(bytes).get<std::vector<std::string>>();
  } catch (const nlohmann::json::exception& error) {
    return base::fail(base::ErrorCode::kUnsupported, "the names of services cannot be read: {}",
                      error.what());
  }
}

}  // namespace

base::Result<KeptState> KeptState::open(Options options, base::Logger& log) {
  KeptState state(log);
  if (!options.path.empty()) {
    auto root = attach::PinFolder::open(options.path);
    if (root) {
      state.root_ = *std::move(root);
    } else {
      log.warn("counts are not kept: they begin at 0 when the exporter starts again",
               {{"reason", root.error().message}});
    }
  }
  ASSIGN_OR_RETURN(state.words_, open_words(state.root_));
  if (!state.root_.is_somewhere()) {
    return state;
  }
  RETURN_IF_ERROR(state.take_turn(std::move(options)));
  state.drop_other_versions();
  RETURN_IF_ERROR(state.open_folders());
  state.read_kept();
  return state;
}

base::Result<> KeptState::remove(const std::string& path) {
  if (std::error_code error; !std::filesystem::is_directory(path, error)) {
    return base::fail(base::ErrorCode::kNotFound, "{} is no folder: nothing is kept there", path);
  }
  ASSIGN_OR_RETURN(const attach::PinFolder root, attach::PinFolder::open(path));
  RETURN_IF_ERROR(root.folder("counting"));
  ASSIGN_OR_RETURN(std::shared_ptr<ExporterWords> words, open_words(root));
  Succession succession(path, std::move(words));
  ASSIGN_OR_RETURN(const bool is_ours, succession.try_turn(base::boot_time_ns()));
  if (!is_ours) {
    return base::fail(base::ErrorCode::kKernel, "an exporter is at work with {}: stop it first", path);
  }
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

base::Result<> KeptState::take_turn(Options options) {
  RETURN_IF_ERROR(root_.folder("counting"));
  succession_.emplace(root_.path(), words_);
  if (options.turn) {
    succession_->use_turn(std::move(options.turn));
    return {};
  }
  ASSIGN_OR_RETURN(const bool is_ours, succession_->try_turn(base::boot_time_ns()));
  if (is_ours) {
    return {};
  }
  RETURN_IF_ERROR(check_scope(options));
  return wait_for_turn();
}

// Before it is asked: an exporter that is started by mistake disturbs nobody.
base::Result<> KeptState::check_scope(const Options& options) const {
  const auto bytes = root_.existing(kVersion).read("scope");
  const auto scope =
      bytes ? decode_names(*bytes) : Result<std::vector<std::string>>(std::vector<std::string>());
  std::vector<std::string> given_up = scope ? *scope : std::vector<std::string>();
  std::erase_if(given_up, [&](const std::string& service) {
    return std::ranges::find(options.services, service) != options.services.end();
  });
  if (given_up.empty()) {
    return {};
  }
  const std::string names = fmt::format("{}", fmt::join(given_up, ", "));
  if (!options.takes_over_others) {
    return base::fail(
        base::ErrorCode::kInvalidConfig,
        "the exporter that is at work with {} counts {}, which this one's configuration does not "
        "have: give this one another --bpf.pin-path, or give up what is counted there with --takeover",
        root_.path(), names);
  }
  log_->warn("services are given up: the exporter that is at work counts them, this one does not",
             {{"services", names}, {"pins", root_.path()}});
  return {};
}

base::Result<> KeptState::wait_for_turn() {
  log_->info("another exporter is at work; waiting for it to hand over", {{"pins", root_.path()}});
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < end) {
    succession_->ask_for_turn();
    std::this_thread::sleep_for(kAskEvery);
    ASSIGN_OR_RETURN(const bool is_ours, succession_->try_turn(base::boot_time_ns()));
    if (is_ours) {
      return {};
    }
  }
  succession_->withdraw();
  return base::fail(
      base::ErrorCode::kKernel,
      "the exporter that is at work with {} does not hand over: stop it, or give this one another "
      "--bpf.pin-path",
      root_.path());
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
  read_totals();
  read_service_bits();
}

void KeptState::read_again() {
  totals() = {};
  read_kept();
}

void KeptState::read_totals() {
  const auto bytes = version_.read("totals");
  if (!bytes) {
    return;
  }
  auto read = collect::decode_totals(*bytes);
  if (read) {
    totals() = *std::move(read);
  } else {
    count_reset(read.error().message);
  }
}

void KeptState::read_service_bits() {
  const auto bytes = version_.read("services");
  if (!bytes) {
    return;
  }
  auto names = decode_names(*bytes);
  if (names) {
    service_bits_ = attach::ServiceBits(*std::move(names));
  } else {
    count_reset(names.error().message);
  }
}

base::Result<> KeptState::reset(const std::string& reason) {
  count_reset(reason);
  root_.remove(kVersion);
  totals() = {};
  service_bits_ = {};
  if (succession_) {
    succession_->forget_predecessor();
  }
  return open_folders();
}

void KeptState::count_reset(const std::string& reason) {
  log_->warn("counts begin at 0", {{"pins", root_.path()}, {"reason", reason}});
  words_->set(Word::kResets, words_->get(Word::kResets) + 1);
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

base::Result<> KeptState::use_services(const std::vector<config::Service>& services) {
  service_bits_.assign(services);
  RETURN_IF_ERROR(version_.write("services", encode_names(service_bits_.names())));
  std::vector<std::string> scope;
  std::ranges::transform(services, std::back_inserter(scope), &config::Service::name);
  return version_.write("scope", encode_names(scope));
}

bool KeptState::has_lost_predecessor() const {
  return has_predecessor() && !succession_->is_predecessor_counting();
}

void KeptState::end_counting() {
  if (succession_) {
    succession_->end_counting();
  }
}

void KeptState::begin_to_count() {
  if (succession_) {
    succession_->begin_to_count(base::boot_time_ns());
  }
}

void KeptState::note_alive(std::uint64_t running_since) {
  const std::uint64_t now = base::boot_time_ns();
  const std::uint64_t last = words_->get(Word::kAlive);
  if (!std::exchange(was_noted_, true) && last != 0 && !has_predecessor() && running_since != 0) {
    const std::uint64_t since = std::max(last, running_since);
    words_->set(Word::kBlind, words_->get(Word::kBlind) + (now - since));
  }
  words_->set(Word::kAlive, now);
}

void KeptState::add_blind(std::chrono::nanoseconds time) {
  words_->set(Word::kBlind, words_->get(Word::kBlind) + static_cast<std::uint64_t>(time.count()));
}

bool KeptState::is_wanted() const {
  return succession_ && succession_->is_asked_for_turn();
}

void KeptState::hand_over() {
  succession_->hand_over(base::boot_time_ns());
}

base::Result<Successor> KeptState::look_at_successor() {
  return succession_->look_at_successor(base::boot_time_ns());
}

double KeptState::blind_seconds() const {
  return static_cast<double>(words_->get(Word::kBlind)) / 1e9;
}

std::uint64_t KeptState::resets() const {
  return words_->get(Word::kResets);
}

}  // namespace units
