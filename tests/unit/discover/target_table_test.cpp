#include "discover/target_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "discover/find_targets.hpp"
#include "support/fake_proc.hpp"

namespace discover {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr pid_t kSelf = 1;

class TargetTableTest : public testing::Test {
 protected:
  // What a look at all of /proc finds.
  [[nodiscard]] std::vector<Target> found() const { return find_targets(services_, proc_, kSelf); }

  void run(pid_t pid, const std::string& exe, const std::string& module) {
    fake_.remove(pid);
    fake_.add({.pid = pid, .exe = exe, .arguments = {"r", "-module", module}});
  }

  bool look_at(pid_t pid) { return table_.look_at(services_, pid); }

  support::FakeProc fake_;
  ProcFs proc_{fake_.root()};
  std::vector<config::Service> services_ = {
      {.name = "gateway", .match = {.exe = "*/resonance", .args = {"-module", "gateway"}, .env = {}}},
      {.name = "logic", .match = {.exe = "*/resonance", .args = {"-module", "logic"}, .env = {}}}};
  TargetTable table_{&proc_, kSelf};
};

TEST_F(TargetTableTest, IsEmptyBeforeTheFirstLook) {
  EXPECT_THAT(table_.targets(), IsEmpty());
}

TEST_F(TargetTableTest, FollowsAProcessThroughItsImages) {
  run(7, "resonance", "gateway");
  EXPECT_TRUE(look_at(7));
  EXPECT_EQ(table_.targets(), found());
  ASSERT_THAT(found().at(0).members.at(0).services, ElementsAre("gateway"));
  EXPECT_FALSE(look_at(7));

  run(7, "resonance", "logic");
  EXPECT_TRUE(look_at(7));
  EXPECT_EQ(table_.targets(), found());
  ASSERT_THAT(found().at(0).members.at(0).services, ElementsAre("logic"));

  run(7, "v2/resonance", "logic");
  EXPECT_TRUE(look_at(7));
  EXPECT_EQ(table_.targets(), found());

  run(7, "bash", "logic");
  EXPECT_TRUE(look_at(7));
  EXPECT_THAT(table_.targets(), IsEmpty());
  EXPECT_FALSE(look_at(7));
}

TEST_F(TargetTableTest, OpensTheBinaryByAMemberThatRuns) {
  run(7, "resonance", "gateway");
  run(8, "resonance", "gateway");
  run(9, "resonance", "gateway");
  table_.look_at_all(services_);
  fake_.remove(7);
  EXPECT_TRUE(table_.remove(7));
  EXPECT_EQ(table_.targets(), found());
  EXPECT_EQ(table_.targets().at(0).open_path, fake_.root() + "/8/exe");
  run(6, "resonance", "gateway");
  EXPECT_TRUE(look_at(6));
  EXPECT_EQ(table_.targets(), found());
  EXPECT_EQ(table_.targets().at(0).open_path, fake_.root() + "/6/exe");
}

TEST_F(TargetTableTest, RemovesWhatIsNotThereAnyMore) {
  run(7, "resonance", "gateway");
  table_.look_at_all(services_);
  fake_.remove(7);
  EXPECT_TRUE(look_at(7));
  EXPECT_THAT(table_.targets(), IsEmpty());
  EXPECT_FALSE(table_.remove(7));
  EXPECT_FALSE(table_.remove(4711));
}

TEST_F(TargetTableTest, TellsAPidThatIsUsedAgain) {
  fake_.add({.pid = 7, .exe = "resonance", .arguments = {"r", "-module=gateway"}, .start_time_ticks = 1});
  table_.look_at_all(services_);
  fake_.set(7, "stat", "7 (r) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 7 0 99 4096000 25\n");
  EXPECT_TRUE(look_at(7));
  EXPECT_EQ(table_.targets().at(0).members.at(0).process.start_time_ticks, 99);
}

// Where the first process of a binary comes, others that run it are counted, too.
TEST_F(TargetTableTest, KnowsTheStrangersOfANewBinary) {
  run(5, "resonance", "task");
  run(6, "resonance", "task");
  table_.look_at_all(services_);
  EXPECT_THAT(table_.targets(), IsEmpty());
  run(7, "resonance", "gateway");
  EXPECT_TRUE(look_at(7));
  ASSERT_EQ(table_.targets(), found());
  EXPECT_EQ(found().at(0).strangers, 2);
}

TEST_F(TargetTableTest, LooksAtOneProcessOnly) {
  run(7, "resonance", "gateway");
  table_.look_at_all(services_);
  run(8, "resonance", "gateway");
  run(9, "resonance", "gateway");
  EXPECT_TRUE(look_at(9));
  const std::vector<Target> targets = table_.targets();
  ASSERT_EQ(targets.size(), 1);
  std::vector<pid_t> pids;
  for (const Target::Member& member : targets[0].members) {
    pids.push_back(member.process.pid);
  }
  EXPECT_THAT(pids, ElementsAre(7, 9));
}

// A job that runs now and then: its binary is known, also while nobody runs it.
TEST_F(TargetTableTest, RemembersBinariesThatNobodyRuns) {
  run(7, "resonance", "gateway");
  table_.look_at_all(services_);
  table_.remove(7);
  fake_.remove(7);
  run(8, "resonance", "gateway");
  run(9, "resonance", "gateway");
  EXPECT_TRUE(look_at(9));
  ASSERT_EQ(table_.targets().size(), 1);
  EXPECT_EQ(table_.targets()[0].members.size(), 1);  // 8 was not looked at
  table_.look_at_all(services_);
  EXPECT_EQ(table_.targets(), found());
}

TEST_F(TargetTableTest, LeavesOutTheExporterItself) {
  run(kSelf, "resonance", "gateway");
  EXPECT_FALSE(look_at(kSelf));
  table_.look_at_all(services_);
  EXPECT_THAT(table_.targets(), IsEmpty());
}

TEST_F(TargetTableTest, MatchesByEnvironmentToo) {
  services_ = {{.name = "job", .match = {.exe = "", .args = {}, .env = {{"ROLE", "job"}}}}};
  fake_.add({.pid = 7, .exe = "bash", .environment = {"ROLE=job"}});
  fake_.add({.pid = 8, .exe = "bash", .environment = {"ROLE=other"}});
  EXPECT_TRUE(look_at(7));
  EXPECT_FALSE(look_at(8));
  EXPECT_EQ(table_.targets(), found());
  EXPECT_EQ(found().at(0).strangers, 1);
}

TEST_F(TargetTableTest, FindsBinariesThatWereDeleted) {
  fake_.add({.pid = 7, .exe = "resonance (deleted)", .arguments = {"r", "-module", "gateway"}});
  EXPECT_TRUE(look_at(7));
  EXPECT_EQ(table_.targets(), found());
  EXPECT_EQ(table_.targets().at(0).exe, fake_.exe_path("resonance"));
}

}  // namespace
}  // namespace discover
