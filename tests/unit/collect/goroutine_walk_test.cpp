// Goroutines made by hand in this very process, which reads itself as it reads others.
#include "collect/goroutine_walk.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <map>
#include <span>

#include "support/result_matchers.hpp"

namespace collect {
namespace {

using inspect::CodePlace;
using inspect::VirtualAddress;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::uint64_t kOuter = 0x1000;
constexpr std::uint64_t kInner = 0x2000;
constexpr std::uint64_t kTop = 0x3000;
constexpr std::uint64_t kPreempt = 0x4000;
constexpr std::uint64_t kSwitch = 0x5000;

std::uint64_t address_of(const void* object) {
  return reinterpret_cast<std::uint64_t>(object);
}

// As the layout below has it.
struct FakeG {
  std::uint64_t stack_lo = 0;
  std::uint64_t stack_hi = 0;
  std::uint64_t sched_sp = 0;
  std::uint64_t sched_pc = 0;
  std::uint64_t syscall_sp = 0;
  std::uint64_t syscall_pc = 0;
  std::uint64_t goid = 0;
  std::uint32_t status = 4;
  std::uint32_t pad = 0;
};

class GoroutineWalkTest : public ::testing::Test {
 protected:
  GoroutineWalkTest() {
    layout_ = {.goid = offsetof(FakeG, goid),
               .stack_lo = offsetof(FakeG, stack_lo),
               .stack_hi = offsetof(FakeG, stack_hi),
               .status = offsetof(FakeG, status),
               .sched_sp = offsetof(FakeG, sched_sp),
               .sched_pc = offsetof(FakeG, sched_pc),
               .syscall_sp = offsetof(FakeG, syscall_sp),
               .syscall_pc = offsetof(FakeG, syscall_pc)};
    request_.memory = &memory_;
    request_.layout = &layout_;
    request_.wanted = &wanted_;
    request_.place_of = [this](VirtualAddress instruction) { return place_of(value_of(instruction)); };
    // kInner, called by kOuter, called by kTop; each has a frame of two words below its return address.
    g_.goid = 7;
    g_.stack_lo = address_of(stack_.data());
    g_.stack_hi = address_of(stack_.data() + stack_.size());
    g_.sched_sp = address_of(&stack_[50]);
    g_.sched_pc = kInner + 20;
    stack_[52] = kOuter + 31;
    stack_[55] = kTop + 1;
  }

  // Without a frame for the first 8 bytes of each function, then with two words.
  std::optional<CodePlace> place_of(std::uint64_t instruction) {
    ++asked_;
    const std::uint64_t entry = instruction / 0x1000 * 0x1000;
    if (entry < kOuter || entry > kSwitch) {
      return std::nullopt;
    }
    CodePlace place;
    place.entry = static_cast<VirtualAddress>(entry);
    place.stack_delta = instruction - entry < 8 ? 0 : 16;
    place.is_top = entry == kTop;
    place.was_injected = entry == kPreempt;
    place.is_followable = entry != kSwitch;
    return place;
  }

  GoroutineWalk walk() {
    const std::array addresses = {address_of(&g_)};
    return walk_goroutines(request_, addresses);
  }

  std::vector<WalkedFrame> frames() {
    const GoroutineWalk found = walk();
    EXPECT_THAT(found.goroutines, SizeIs(1));
    EXPECT_TRUE(found.goroutines.at(0).is_whole);
    return found.goroutines.at(0).frames;
  }

  void expect_not_whole() {
    const GoroutineWalk found = walk();
    ASSERT_THAT(found.goroutines, SizeIs(1));
    EXPECT_FALSE(found.goroutines[0].is_whole);
  }

  // stack.hi less the address of word `index`.
  [[nodiscard]] std::uint32_t depth_of(std::size_t index) const {
    return static_cast<std::uint32_t>((stack_.size() - index) * 8);
  }

  ProcessMemory memory_{::getpid()};
  plan::StackLayout layout_;
  std::unordered_set<std::uint64_t> wanted_ = {kOuter, kInner};
  WalkRequest request_;
  std::array<std::uint64_t, 60> stack_{};
  FakeG g_;
  std::uint64_t asked_ = 0;
};

TEST_F(GoroutineWalkTest, FindsFramesWithTheirDepthTheOutermostFirst) {
  EXPECT_THAT(frames(), ElementsAre(WalkedFrame{kOuter, depth_of(55)}, WalkedFrame{kInner, depth_of(52)}));
  wanted_ = {kOuter};
  EXPECT_THAT(frames(), ElementsAre(WalkedFrame{kOuter, depth_of(55)}));
}

TEST_F(GoroutineWalkTest, AFunctionWithoutItsFrameYetHasNotPassedItsProbe) {
  g_.sched_pc = kInner + 4;
  g_.sched_sp = address_of(&stack_[52]);
  EXPECT_THAT(frames(), ElementsAre(WalkedFrame{kOuter, depth_of(55)}));
}

TEST_F(GoroutineWalkTest, LooksUpTheCallAndNotWhatFollowsIt) {
  // The call is made without a frame; what follows it would have one.
  stack_[52] = kOuter + 8;
  stack_[53] = kTop + 1;
  EXPECT_THAT(frames(), ElementsAre(WalkedFrame{kInner, depth_of(52)}));
}

TEST_F(GoroutineWalkTest, WhereAFunctionBeginsNothingWasCalled) {
  // As asmcgocall leaves it before Go 1.21: kOuter looks as if it were about to begin, called by kOuter + 30.
  stack_[52] = kOuter;
  stack_[53] = kOuter + 31;
  stack_[56] = kTop + 1;
  EXPECT_THAT(frames(), ElementsAre(WalkedFrame{kOuter, depth_of(56)}, WalkedFrame{kInner, depth_of(52)}));
}

TEST_F(GoroutineWalkTest, AnInterruptedInstructionIsTheOneThatIsReturnedTo) {
  // Interrupted at the first instruction with a frame: the one before it has none.
  g_.sched_pc = kPreempt + 20;
  stack_[52] = kOuter + 8;
  EXPECT_THAT(frames(), ElementsAre(WalkedFrame{kOuter, depth_of(55)}));
}

TEST_F(GoroutineWalkTest, ASystemCallHasItsOwnPlace) {
  g_.status = 3;
  g_.syscall_sp = g_.sched_sp;
  g_.syscall_pc = g_.sched_pc;
  g_.sched_sp = 0;
  EXPECT_THAT(frames(), SizeIs(2));
  g_.status = 3 | 0x1000;  // the collector scans it
  EXPECT_THAT(frames(), SizeIs(2));
}

TEST_F(GoroutineWalkTest, LeavesOutWhatHasEndedAndDoubtsWhatRuns) {
  for (const std::uint32_t status : {0U, 6U, 11U, 0x1006U}) {
    g_.status = status;
    EXPECT_THAT(walk().goroutines, IsEmpty()) << status;
  }
  for (const std::uint32_t status : {2U, 8U, 0x1002U, 77U}) {
    g_.status = status;
    expect_not_whole();
  }
}

TEST_F(GoroutineWalkTest, AddsTheLoadBias) {
  request_.bias = 0x7f0000000000;
  g_.sched_pc += request_.bias;
  stack_[52] += request_.bias;
  stack_[55] += request_.bias;
  EXPECT_THAT(frames(), SizeIs(2));
}

TEST_F(GoroutineWalkTest, ReadsDeepStacksInParts) {
  std::vector<std::uint64_t> stack(100'000, kOuter + 100);
  stack.back() = kTop + 1;
  g_.stack_lo = address_of(stack.data());
  g_.stack_hi = address_of(stack.data() + stack.size());
  g_.sched_sp = address_of(&stack[1]);
  g_.sched_pc = kOuter + 20;
  // Every third word is a return address.
  EXPECT_THAT(frames(), SizeIs(33'333));
}

TEST_F(GoroutineWalkTest, StacksThatLieEndTheWalk) {
  const FakeG good = g_;
  const auto expect_refused = [&](auto change) {
    g_ = good;
    change();
    expect_not_whole();
  };
  expect_refused([this] { g_.sched_sp = 0; });
  expect_refused([this] { g_.sched_sp = g_.stack_hi; });
  expect_refused([this] { g_.sched_sp += 1; });
  expect_refused([this] { g_.sched_sp = ~std::uint64_t{7}; });
  expect_refused([this] { g_.stack_hi = ~std::uint64_t{0}; });
  expect_refused([this] { g_.stack_hi = g_.stack_lo; });
  expect_refused([this] { g_.sched_pc = 0; });
  expect_refused([this] { g_.sched_pc = ~std::uint64_t{0}; });
  expect_refused([this] { g_.sched_pc = kSwitch + 20; });
  expect_refused(
      [this] { g_.sched_sp = address_of(&stack_[58]); });  // its return address is beyond the stack
  stack_[52] = 0xdeadbeef;
  expect_refused([] {});
}

TEST_F(GoroutineWalkTest, AStackThatNeverEndsEndsWithItsMemory) {
  stack_.fill(kOuter + 4);
  expect_not_whole();
  EXPECT_LT(asked_, 1000U);
}

TEST_F(GoroutineWalkTest, MemoryThatIsNotThereIsSkipped) {
  // A page that is there, and one that is not.
  auto* const pages = static_cast<std::byte*>(
      ::mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(pages, MAP_FAILED);
  ::munmap(pages + 4096, 4096);
  const FakeG good = g_;
  FakeG broken = good;
  broken.goid = 8;
  broken.stack_lo = address_of(pages);
  broken.stack_hi = address_of(pages) + 8192;
  broken.sched_sp = address_of(pages) + 4000;
  const std::array addresses = {std::uint64_t{0},    address_of(&g_),   address_of(pages) + 4090,
                                address_of(&broken), ~std::uint64_t{0}, address_of(&good)};
  const GoroutineWalk found = walk_goroutines(request_, addresses);
  ASSERT_THAT(found.goroutines, SizeIs(3));
  EXPECT_TRUE(found.goroutines[0].is_whole);
  EXPECT_TRUE(found.goroutines[1].is_whole);
  EXPECT_FALSE(found.goroutines[2].is_whole);
  ASSERT_NE(found.find(8), nullptr);
  EXPECT_EQ(found.find(9), nullptr);
  ::munmap(pages, 4096);
}

TEST_F(GoroutineWalkTest, ALongWalkEnds) {
  // Each of so many goroutines has a stack on which every third word is a return address.
  std::vector<std::uint64_t> stack(1'000'000, kOuter + 100);
  g_.stack_lo = address_of(stack.data());
  g_.stack_hi = address_of(stack.data() + stack.size());
  g_.sched_sp = address_of(&stack[1]);
  g_.sched_pc = kOuter + 20;
  const std::vector<std::uint64_t> addresses(100'000, address_of(&g_));
  for (const bool are_wanted : {true, false}) {
    if (!are_wanted) {
      wanted_.clear();
    }
    const GoroutineWalk found = walk_goroutines(request_, addresses);
    EXPECT_FALSE(found.is_complete);
    // The frames that are kept are what takes memory.
    std::size_t kept = 0;
    for (const WalkedGoroutine& goroutine : found.goroutines) {
      kept += goroutine.frames.size();
    }
    EXPECT_LE(kept, 1'100'000U);
  }
}

TEST_F(GoroutineWalkTest, TellsARestingGoroutineThatIsLostFromOneThatRuns) {
  stack_[52] = 0xdeadbeef;
  EXPECT_TRUE(walk().goroutines.at(0).is_lost);
  g_.status = 2;
  EXPECT_FALSE(walk().goroutines.at(0).is_lost);
}

TEST_F(GoroutineWalkTest, ManyWrongPointersEndTheWalk) {
  std::vector<std::uint64_t> addresses(100'000, 0x10);
  addresses.push_back(address_of(&g_));
  const GoroutineWalk found = walk_goroutines(request_, addresses);
  EXPECT_FALSE(found.is_complete);
  EXPECT_THAT(found.goroutines, IsEmpty());
  EXPECT_LT(found.reads, 10'000U);
  EXPECT_TRUE(walk().is_complete);
}

// What runtime.allgadd uses.
struct FakeRuntime {
  std::uint64_t lock = 0;
  std::array<std::uint64_t, 3> type = {8, 8, 0x123456};  // looks like the list: 8 is the capacity, too
  std::uint64_t pointer = 0;
  std::uint64_t pad = 0;
  std::array<std::uint64_t, 3> list{};
  std::uint64_t length = 0;
  std::array<std::uint64_t, 3> pads{};
};

class GoroutineListTest : public GoroutineWalkTest {
 protected:
  GoroutineListTest() {
    runtime_.pointer = address_of(pointers_.data());
    runtime_.list = {address_of(pointers_.data()), 5, 8};
    runtime_.length = 5;
    for (const std::uint64_t* word :
         {&runtime_.lock, runtime_.type.data(), &runtime_.pointer, runtime_.list.data(), &runtime_.list[1],
          &runtime_.list[2], &runtime_.length}) {
      layout_.list_candidates.push_back(static_cast<VirtualAddress>(address_of(word)));
    }
  }

  std::array<std::uint64_t, 8> pointers_ = {11, 12, 13, 14, 15};
  FakeRuntime runtime_;
};

TEST_F(GoroutineListTest, IsTheSliceWithTwoCopies) {
  const auto list = list_goroutines(request_);
  ASSERT_TRUE(list.has_value()) << list.error().message;
  EXPECT_THAT(*list, ElementsAre(11, 12, 13, 14, 15));
}

TEST_F(GoroutineListTest, IsNotFoundWhereCopiesDiffer) {
  runtime_.length = 4;
  EXPECT_THAT(list_goroutines(request_),
              support::IsError(base::ErrorCode::kNotFound, HasSubstr("runtime.allgs")));
  runtime_.length = 5;
  runtime_.pointer += 8;
  EXPECT_THAT(list_goroutines(request_),
              support::IsError(base::ErrorCode::kNotFound, HasSubstr("runtime.allgs")));
}

TEST_F(GoroutineListTest, IsNotReadWhereItsLengthLies) {
  runtime_.list = {address_of(pointers_.data()), std::uint64_t{1} << 60U, std::uint64_t{1} << 61U};
  runtime_.length = std::uint64_t{1} << 60U;
  EXPECT_THAT(list_goroutines(request_),
              support::IsError(base::ErrorCode::kNotFound, HasSubstr("runtime.allgs")));
}

TEST_F(GoroutineListTest, HasNoGoroutineTwice) {
  pointers_[4] = 11;
  EXPECT_THAT(list_goroutines(request_),
              support::IsError(base::ErrorCode::kNotFound, HasSubstr("runtime.allgs")));
}

}  // namespace
}  // namespace collect
