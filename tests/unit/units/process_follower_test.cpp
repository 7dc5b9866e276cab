#include "units/process_follower.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

#include "support/fake_clock.hpp"
#include "support/fake_proc.hpp"

namespace units {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

process_event event(event_kind kind, std::uint32_t pid) {
  return {.kind = kind, .tgid = pid + 100'000, .number = 0, .pid = pid};
}

class ProcessFollowerTest : public testing::Test {
 protected:
  ProcessFollowerTest() { follower_.look_at_all(services_); }

  void run(pid_t pid, const std::string& exe = "resonance") {
    fake_.remove(pid);
    fake_.add({.pid = pid, .exe = exe, .arguments = {"r"}});
  }

  bool follow(std::initializer_list<process_event> events, std::uint64_t lost = 0) {
    return follower_.follow(services_, std::vector(events), lost);
  }

  [[nodiscard]] std::vector<pid_t> pids() const {
    std::vector<pid_t> pids;
    for (const discover::Target& target : follower_.targets()) {
      for (const discover::Target::Member& member : target.members) {
        pids.push_back(member.process.pid);
      }
    }
    return pids;
  }

  support::FakeProc fake_;
  support::FakeClock clock_;
  discover::ProcFs proc_{fake_.root()};
  std::vector<config::Service> services_ = {
      {.name = "it", .match = {.exe = "*/resonance", .args = {}, .env = {}}}};
  ProcessFollower follower_{&proc_, 1, &clock_};
};

TEST_F(ProcessFollowerTest, FollowsExecAndExit) {
  run(7);
  EXPECT_TRUE(follow({event(EVENT_EXEC, 7)}));
  EXPECT_THAT(pids(), ElementsAre(7));
  EXPECT_FALSE(follow({event(EVENT_EXEC, 4711)}));
  EXPECT_FALSE(follow({}));
  // It is still in /proc when the kernel tells.
  EXPECT_TRUE(follow({event(EVENT_EXIT, 7)}));
  EXPECT_THAT(pids(), IsEmpty());
}

TEST_F(ProcessFollowerTest, SeesTheLastOfManyImages) {
  run(7, "bash");
  EXPECT_FALSE(follow({event(EVENT_EXEC, 7), event(EVENT_EXEC, 7)}));
  run(7);
  EXPECT_TRUE(follow({event(EVENT_EXEC, 7), event(EVENT_EXEC, 7)}));
  EXPECT_THAT(pids(), ElementsAre(7));
}

TEST_F(ProcessFollowerTest, AnswersTheExitOfAPidThatIsUsedAgain) {
  run(7);
  follow({event(EVENT_EXEC, 7)});
  EXPECT_TRUE(follow({event(EVENT_EXIT, 7), event(EVENT_EXEC, 7)}));
  EXPECT_THAT(pids(), ElementsAre(7));
}

// Most children exec another program at once.
TEST_F(ProcessFollowerTest, LooksAtChildrenAWhileAfterTheFork) {
  run(7);
  run(8);
  EXPECT_FALSE(follow({event(EVENT_FORK, 7)}));
  clock_.advance(ProcessFollower::kForkDelay / 2);
  EXPECT_FALSE(follow({event(EVENT_FORK, 8)}));
  EXPECT_THAT(pids(), IsEmpty());
  run(7, "bash");
  clock_.advance(ProcessFollower::kForkDelay / 2);
  EXPECT_FALSE(follow({}));
  clock_.advance(ProcessFollower::kForkDelay / 2);
  EXPECT_TRUE(follow({}));
  EXPECT_THAT(pids(), ElementsAre(8));
}

TEST_F(ProcessFollowerTest, LooksAtAProcessThatWasHit) {
  run(7);
  EXPECT_TRUE(follow({event(EVENT_PROCESS, 7)}));
  EXPECT_THAT(pids(), ElementsAre(7));
}

TEST_F(ProcessFollowerTest, PassesOverProcessesThatItDoesNotSee) {
  run(7);
  EXPECT_FALSE(follow({event(EVENT_EXEC, 0), event(EVENT_EXIT, 0)}));
}

TEST_F(ProcessFollowerTest, LooksAtAllAfterLostEvents) {
  run(7);
  EXPECT_TRUE(follow({}, 3));
  EXPECT_THAT(pids(), ElementsAre(7));
  run(8);
  EXPECT_FALSE(follow({}, 3));
  EXPECT_THAT(pids(), ElementsAre(7));
  EXPECT_TRUE(follow({}, 4));
  EXPECT_THAT(pids(), ElementsAre(7, 8));
}

TEST_F(ProcessFollowerTest, LooksAtAllNowAndThen) {
  run(7);
  clock_.advance(ProcessFollower::kLookAtAllEvery - std::chrono::milliseconds(1));
  EXPECT_FALSE(follow({}));
  clock_.advance(std::chrono::milliseconds(1));
  EXPECT_TRUE(follow({}));
  EXPECT_THAT(pids(), ElementsAre(7));
  run(8);
  EXPECT_FALSE(follow({}));
}

// What is older than a look at all says nothing new.
TEST_F(ProcessFollowerTest, PassesOverEventsFromBeforeALookAtAll) {
  run(7);
  clock_.advance(ProcessFollower::kLookAtAllEvery);
  EXPECT_TRUE(follow({event(EVENT_EXIT, 7)}));
  EXPECT_THAT(pids(), ElementsAre(7));
}

TEST_F(ProcessFollowerTest, NamesEachNewMemberOnce) {
  EXPECT_THAT(follower_.take_new_members(), IsEmpty());
  run(7);
  run(8);
  follow({event(EVENT_EXEC, 7), event(EVENT_EXEC, 8)});
  EXPECT_THAT(follower_.take_new_members(), ElementsAre(7, 8));
  follow({event(EVENT_EXEC, 7)});
  follower_.look_at_all(services_);
  EXPECT_THAT(follower_.take_new_members(), IsEmpty());
  // Another process has the pid.
  fake_.remove(8);
  fake_.add({.pid = 8, .exe = "resonance", .start_time_ticks = 99});
  follow({event(EVENT_EXIT, 8), event(EVENT_EXEC, 8)});
  EXPECT_THAT(follower_.take_new_members(), ElementsAre(8));
}

TEST_F(ProcessFollowerTest, LooksAgainAtWhatIsFollowedNow) {
  run(7);
  follow({event(EVENT_EXEC, 7)});
  const std::vector<pid_t> numbered{7};
  EXPECT_FALSE(follower_.look_again(services_, numbered));
  run(7, "bash");
  EXPECT_TRUE(follower_.look_again(services_, numbered));
  EXPECT_THAT(pids(), IsEmpty());
}

}  // namespace
}  // namespace units
