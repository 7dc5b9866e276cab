#include "collect/compare_calls.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>

namespace collect {
namespace {

// The key of a thread that runs no goroutine: its stack is not walked.
constexpr std::uint64_t kThreadBit = std::uint64_t{1} << 63U;

using ByGoroutine = std::unordered_map<std::uint64_t, std::vector<const RawFrame*>>;

ByGoroutine by_goroutine(std::span<const RawFrame> frames) {
  ByGoroutine grouped;
  for (const RawFrame& frame : frames) {
    if ((frame.goroutine & kThreadBit) == 0) {
      grouped[frame.goroutine].push_back(&frame);
    }
  }
  return grouped;
}

class Comparer {
 public:
  Comparer(std::span<const FollowedFunction> functions, const GoroutineWalk& walk)
      : functions_(functions), walk_(&walk) {}

  // Frames in both readings that the stack does not have.
  void find_gone(std::span<const RawFrame> before, const ByGoroutine& after) {
    for (const RawFrame& frame : before) {
      if ((frame.goroutine & kThreadBit) != 0 || !is_still_there(frame, after) || !is_followed(frame)) {
        continue;
      }
      // A goroutine that is not there has ended.
      const WalkedGoroutine* goroutine = walk_->find(frame.goroutine);
      if (goroutine == nullptr || (goroutine->is_whole && !is_on_stack(frame, *goroutine))) {
        result_.gone.push_back(frame);
      }
    }
  }

  void find_missing(const ByGoroutine& after) {
    static const std::vector<const RawFrame*> none;
    for (const WalkedGoroutine& goroutine : walk_->goroutines) {
      if (!goroutine.is_whole) {
        result_.unclear.push_back(goroutine.id);
        continue;
      }
      const auto recorded = after.find(goroutine.id);
      find_missing(goroutine, recorded == after.end() ? none : recorded->second);
    }
  }

  CallComparison take() { return std::move(result_); }

 private:
  [[nodiscard]] static bool is_still_there(const RawFrame& frame, const ByGoroutine& after) {
    const auto recorded = after.find(frame.goroutine);
    return recorded != after.end() && std::ranges::any_of(recorded->second, [&frame](const RawFrame* other) {
             return other->index == frame.index && other->probe == frame.probe &&
                    other->depth == frame.depth && other->start_ns == frame.start_ns;
           });
  }

  [[nodiscard]] bool is_followed(const RawFrame& frame) const {
    return std::ranges::any_of(functions_, [&frame](const FollowedFunction& function) {
      return function.probe == frame.probe && function.function == frame.function;
    });
  }

  [[nodiscard]] bool is_on_stack(const RawFrame& frame, const WalkedGoroutine& goroutine) const {
    return std::ranges::any_of(functions_, [&](const FollowedFunction& function) {
      return function.probe == frame.probe && function.function == frame.function &&
             std::ranges::find(goroutine.frames, WalkedFrame{function.entry, frame.depth}) !=
                 goroutine.frames.end();
    });
  }

  void find_missing(const WalkedGoroutine& goroutine, const std::vector<const RawFrame*>& recorded) {
    std::set<std::uint16_t> outermost_seen;
    for (const WalkedFrame& walked : goroutine.frames) {
      for (const FollowedFunction& function : functions_) {
        if (function.entry != walked.entry || !(function.is_gauge || function.outermost)) {
          continue;
        }
        const bool is_recorded = std::ranges::any_of(recorded, [&](const RawFrame* frame) {
          return frame->probe == function.probe && (function.outermost || frame->depth == walked.depth);
        });
        if (is_recorded || (function.outermost && !outermost_seen.insert(function.probe).second)) {
          continue;
        }
        result_.missing.push_back({.probe = function.probe,
                                   .function = function.function,
                                   .goroutine = goroutine.id,
                                   .depth = walked.depth});
      }
    }
  }

  std::span<const FollowedFunction> functions_;
  const GoroutineWalk* walk_;  // the caller's
  CallComparison result_;
};

}  // namespace

CallComparison compare_calls(std::span<const FollowedFunction> functions, const GoroutineWalk& walk,
                             std::span<const RawFrame> before, std::span<const RawFrame> after) {
  const ByGoroutine recorded = by_goroutine(after);
  Comparer comparer(functions, walk);
  comparer.find_gone(before, recorded);
  comparer.find_missing(recorded);
  return comparer.take();
}

}  // namespace collect
