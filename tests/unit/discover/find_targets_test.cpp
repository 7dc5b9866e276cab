#include "discover/find_targets.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "support/fake_proc.hpp"

namespace discover {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr pid_t kSelf = 1;

config::Service service(std::string name, config::ProcessMatch match) {
  return {.name = std::move(name), .match = std::move(match), .identity = {}, .position = {}};
}

std::vector<config::Service> resonance_services() {
  return {service("gateway", {.exe = "*/resonance", .args = {"-module", "gateway"}, .env = {}}),
          service("logic", {.exe = "*/resonance", .args = {"-module", "logic"}, .env = {}})};
}

TEST(FindTargets, GroupsProcessesByBinary) {
  support::FakeProc fake;
  fake.add({.pid = 30, .exe = "resonance", .arguments = {"r", "-module=gateway"}});
  fake.add({.pid = 4, .exe = "resonance", .arguments = {"r", "-module", "logic"}});
  fake.add({.pid = 5, .exe = "resonance", .arguments = {"r", "-module", "task"}});
  fake.add({.pid = 6, .exe = "v2/resonance", .arguments = {"r", "-module", "logic"}});
  fake.add({.pid = 7, .exe = "bash", .arguments = {"bash", "-module", "logic"}});
  fake.add_kernel_thread(8);

  std::vector<Target> targets = find_targets(resonance_services(), ProcFs(fake.root()), kSelf);
  ASSERT_THAT(targets, SizeIs(2));
  EXPECT_LT(targets[0].binary, targets[1].binary);
  if (targets[0].exe != fake.exe_path("resonance")) {
    std::swap(targets[0], targets[1]);  // which file got the lower inode is up to the file system
  }
  ASSERT_THAT(targets[0].members, SizeIs(2));
  EXPECT_EQ(targets[0].open_path, fake.root() + "/4/exe");
  EXPECT_EQ(targets[0].members[0].process.pid, 4);
  EXPECT_THAT(targets[0].members[0].services, ElementsAre("logic"));
  EXPECT_EQ(targets[0].members[1].process.pid, 30);
  EXPECT_THAT(targets[0].members[1].services, ElementsAre("gateway"));
  ASSERT_THAT(targets[1].members, SizeIs(1));
  EXPECT_EQ(targets[1].members[0].process.pid, 6);
  EXPECT_EQ(targets[1].exe, fake.exe_path("v2/resonance"));
}

// One file is one target, also when it changes while we look at its processes.
TEST(FindTargets, KnowsWhatAFileHolds) {
  support::FakeProc fake;
  fake.add({.pid = 4, .exe = "resonance", .arguments = {"r", "-module", "logic"}});
  const auto binary = [&] {
    return find_targets(resonance_services(), ProcFs(fake.root()), kSelf).at(0).binary;
  };
  const BinaryId before = binary();
  EXPECT_EQ(before.size, std::filesystem::file_size(fake.exe_path("resonance")));
  EXPECT_EQ(binary(), before);
  std::filesystem::resize_file(fake.exe_path("resonance"), 5);
  const BinaryId after = binary();
  EXPECT_NE(after, before);
  EXPECT_TRUE(after.is_same_file(before));
  EXPECT_FALSE(after.has_same_content(before));
}

// Its times can be set, but not the time of that.
TEST(FindTargets, KnowsAFileWhoseTimesWereSet) {
  support::FakeProc fake;
  fake.add({.pid = 4, .exe = "resonance", .arguments = {"r", "-module", "logic"}});
  const auto binary = [&] {
    return find_targets(resonance_services(), ProcFs(fake.root()), kSelf).at(0).binary;
  };
  const BinaryId before = binary();
  const auto time = std::filesystem::last_write_time(fake.exe_path("resonance"));
  BinaryId after = before;
  while (after == before) {  // until the file system's clock has moved on
    std::filesystem::last_write_time(fake.exe_path("resonance"), time);
    after = binary();
  }
  EXPECT_EQ(after.modified_ns, before.modified_ns);
  EXPECT_GT(after.changed_ns, before.changed_ns);
}

TEST(FindTargets, OneProcessMayBeOfSeveralServices) {
  support::FakeProc fake;
  fake.add({.pid = 4, .exe = "resonance", .arguments = {"r", "-module", "logic"}});
  std::vector<config::Service> services = resonance_services();
  services.push_back(service("all", {.exe = "*/resonance", .args = {}, .env = {}}));
  const std::vector<Target> targets = find_targets(services, ProcFs(fake.root()), kSelf);
  ASSERT_THAT(targets, SizeIs(1));
  EXPECT_THAT(targets[0].members[0].services, ElementsAre("logic", "all"));
}

TEST(FindTargets, LeavesOutTheExporterItself) {
  support::FakeProc fake;
  fake.add({.pid = 4, .exe = "resonance", .arguments = {"r", "-module", "logic"}});
  EXPECT_THAT(find_targets(resonance_services(), ProcFs(fake.root()), 4), IsEmpty());
}

TEST(FindTargets, ReadsEnvironmentsOnlyOnDemand) {
  support::FakeProc fake;
  fake.add({.pid = 4, .exe = "resonance", .arguments = {"r"}, .environment = {"ROLE=logic"}});
  const ProcFs proc(fake.root());
  const auto by_exe =
      find_targets({service("a", {.exe = "*/resonance", .args = {}, .env = {}})}, proc, kSelf);
  EXPECT_THAT(by_exe.at(0).members[0].process.environment, IsEmpty());
  const auto by_env =
      find_targets({service("a", {.exe = "", .args = {}, .env = {{"ROLE", "l*"}}})}, proc, kSelf);
  EXPECT_THAT(by_env.at(0).members[0].process.environment, ElementsAre(std::pair("ROLE", "logic")));
}

// A real process that runs a copy of the shell, until it is destroyed.
class RealProcess {
 public:
  RealProcess(std::string exe, std::vector<std::string> arguments,
              std::vector<std::string> environment = {}) {
    // Waits on a pipe that nobody writes to; what follows the script is free for the test.
    std::vector<std::string> all = {exe, "-c", "while read line; do :; done"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
    EXPECT_EQ(::posix_spawn(&pid_, exe.c_str(), &actions, nullptr, pointers(all).data(),
                            pointers(environment).data()),
              0);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[0]);
    write_end_ = ends[1];
  }

  RealProcess(const RealProcess&) = delete;
  RealProcess& operator=(const RealProcess&) = delete;
  RealProcess(RealProcess&&) = delete;
  RealProcess& operator=(RealProcess&&) = delete;

  ~RealProcess() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    ::close(write_end_);
  }

  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  static std::vector<char*> pointers(std::vector<std::string>& strings) {
    std::vector<char*> pointers;
    for (std::string& text : strings) {
      pointers.push_back(text.data());
    }
    pointers.push_back(nullptr);
    return pointers;
  }

  pid_t pid_ = 0;
  int write_end_ = -1;
};

std::string copy_of_shell(const support::TempDir& dir, const std::string& name) {
  const std::filesystem::path copy = dir.path() / name;
  std::filesystem::copy_file("/bin/sh", copy);
  return copy.string();
}

TEST(FindTargets, FindsRealProcesses) {
  const support::TempDir dir;
  const std::string exe = copy_of_shell(dir, "resonance");
  const RealProcess logic(exe, {"-module", "logic"});
  const RealProcess gateway(exe, {"--module=gateway"});
  const RealProcess other(exe, {"-module", "task"});

  const std::vector<Target> targets = find_targets(
      {service("gateway", {.exe = dir.path().string() + "/*", .args = {"-module", "gateway"}, .env = {}}),
       service("logic", {.exe = dir.path().string() + "/*", .args = {"-module", "logic"}, .env = {}})},
      ProcFs(), ::getpid());
  ASSERT_THAT(targets, SizeIs(1));
  ASSERT_THAT(targets[0].members, SizeIs(2));
  EXPECT_TRUE(std::filesystem::equivalent(targets[0].open_path, exe));
  for (const Target::Member& member : targets[0].members) {
    const bool is_logic = member.process.pid == logic.pid();
    EXPECT_THAT(member.services, ElementsAre(is_logic ? "logic" : "gateway"));
    EXPECT_EQ(member.process.pid, is_logic ? logic.pid() : gateway.pid());
  }
}

TEST(FindTargets, TellsAReplacedBinaryFromTheNewOne) {
  const support::TempDir dir;
  const std::string exe = copy_of_shell(dir, "resonance");
  const RealProcess old_process(exe, {});
  std::filesystem::remove(exe);
  copy_of_shell(dir, "resonance");
  const RealProcess new_process(exe, {});

  const std::vector<Target> targets =
      find_targets({service("a", {.exe = exe, .args = {}, .env = {}})}, ProcFs(), ::getpid());
  ASSERT_THAT(targets, SizeIs(2));
  EXPECT_EQ(targets[0].exe, exe);
  EXPECT_EQ(targets[1].exe, exe);
  EXPECT_NE(targets[0].binary, targets[1].binary);
}

TEST(FindTargets, MatchesRealEnvironments) {
  const support::TempDir dir;
  const std::string exe = copy_of_shell(dir, "service");
  const RealProcess with(exe, {}, {"UPROBE_TEST_ROLE=gateway"});
  const RealProcess without(exe, {}, {"UPROBE_TEST_ROLE=logic"});
  const std::vector<Target> targets = find_targets(
      {service("a", {.exe = exe, .args = {}, .env = {{"UPROBE_TEST_ROLE", "gate*"}}})}, ProcFs(), ::getpid());
  ASSERT_THAT(targets, SizeIs(1));
  ASSERT_THAT(targets[0].members, SizeIs(1));
  EXPECT_EQ(targets[0].members[0].process.pid, with.pid());
}

TEST(LookAt, IsAbsentWhenTheProcessIsGone) {
  pid_t pid = 0;
  {
    const support::TempDir dir;
    const RealProcess process(copy_of_shell(dir, "service"), {});
    pid = process.pid();
    EXPECT_TRUE(look_at(ProcFs(), {}, pid));
  }
  EXPECT_FALSE(look_at(ProcFs(), {}, pid));
}

}  // namespace
}  // namespace discover
