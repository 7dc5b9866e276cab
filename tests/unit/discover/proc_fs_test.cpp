#include "discover/proc_fs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>

#include "support/fake_proc.hpp"

namespace discover {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ProcFs, ListsProcessesInOrder) {
  support::FakeProc fake;
  fake.add_kernel_thread(300);
  fake.add_kernel_thread(20);
  fake.add_kernel_thread(1000);
  fake.set("stat", "cpu 1");
  fake.set("self/stat", "");
  fake.set("12x/stat", "");
  EXPECT_THAT(ProcFs(fake.root()).pids(), ElementsAre(20, 300, 1000));
  EXPECT_THAT(ProcFs("/nowhere").pids(), IsEmpty());
}

TEST(ProcFs, ReadsAProcess) {
  support::FakeProc fake;
  fake.add({.pid = 7,
            .exe = "resonance",
            .arguments = {"./resonance", "-module", "", "gateway"},
            .environment = {"ROLE=a=b", "BROKEN", "EMPTY="},
            .comm = "evil) R 1 (x",
            .start_time_ticks = 4711});
  const ProcFs proc(fake.root());
  struct stat status{};
  ASSERT_EQ(::stat(fake.exe_path("resonance").c_str(), &status), 0);
  const Process expected{.pid = 7,
                         .start_time_ticks = 4711,
                         .exe = fake.exe_path("resonance"),
                         .arguments = {"./resonance", "-module", "", "gateway"},
                         .environment = {{"ROLE", "a=b"}, {"EMPTY", ""}},
                         .binary = binary_id_of(status)};
  EXPECT_EQ(proc.process(7, true), expected);
  EXPECT_THAT(proc.process(7, false)->environment, IsEmpty());
  EXPECT_EQ(proc.exe_path(7), fake.root() + "/7/exe");
}

TEST(ProcFs, HasNoProcessWithoutAnExecutable) {
  support::FakeProc fake;
  fake.add_kernel_thread(2);
  EXPECT_EQ(ProcFs(fake.root()).process(2, false), std::nullopt);
}

TEST(ProcFs, HasNoProcessThatVanishes) {
  for (const char* gone : {"stat", "cmdline", "exe"}) {
    support::FakeProc fake;
    fake.add({.pid = 7, .exe = "a", .arguments = {"a"}});
    fake.remove(7, gone);
    EXPECT_EQ(ProcFs(fake.root()).process(7, false), std::nullopt) << gone;
  }
  EXPECT_EQ(ProcFs("/nowhere").process(7, false), std::nullopt);
}

TEST(ProcFs, SurvivesBrokenStat) {
  support::FakeProc fake;
  fake.add({.pid = 7, .exe = "a", .arguments = {"a"}});
  for (const char* stat :
       {"", "7", "7 (a", "7 (a) S 1 2", "7 (a) S 1 1 1 0 -1 4 9 0 0 0 1 1 0 0 20 0 7 0 x 1 1"}) {
    fake.set(7, "stat", stat);
    EXPECT_EQ(ProcFs(fake.root()).process(7, false), std::nullopt) << stat;
  }
}

TEST(ProcFs, BoundsHostileArguments) {
  support::FakeProc fake;
  fake.add({.pid = 7, .exe = "a"});
  const ProcFs proc(fake.root());

  fake.set(7, "cmdline", std::string(10'000'000, 'x'));
  EXPECT_EQ(proc.process(7, false)->arguments, std::vector{std::string(128 * 1024, 'x')});

  fake.set(7, "cmdline", std::string(10'000'000, '\0'));
  EXPECT_EQ(proc.process(7, false)->arguments, std::vector<std::string>(4096));

  fake.set(7, "cmdline", "nginx: worker process");
  EXPECT_THAT(proc.process(7, false)->arguments, ElementsAre("nginx: worker process"));

  fake.set(7, "cmdline", std::string_view("\xFF\xC3\0\x01\n", 5));
  EXPECT_THAT(proc.process(7, false)->arguments, ElementsAre("\xFF\xC3", "\x01\n"));

  fake.set(7, "cmdline", "");
  EXPECT_THAT(proc.process(7, false)->arguments, IsEmpty());
}

TEST(ProcFs, ReadsResourceUse) {
  support::FakeProc fake;
  fake.add({.pid = 7, .exe = "a", .start_time_ticks = 1000});
  fake.set("stat", "cpu  1 2 3\nbtime 1700000000\nprocesses 5\n");
  fake.set(7, "fd/0", "");
  fake.set(7, "fd/15", "");
  fake.set(7, "limits",
           "Limit                     Soft Limit           Hard Limit           Units     \n"
           "Max open files            1024                 524288               files     \n");
  const ProcFs proc(fake.root());
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  base::ResourceUse expected{.cpu_seconds = 200 / ticks,
                       .start_time_seconds = 1'700'000'000 + 1000 / ticks,
                       .resident_bytes = 25 * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)),
                       .virtual_bytes = 4'096'000,
                       .threads = 7,
                       .open_fds = 2,
                       .max_fds = 1024};
  EXPECT_EQ(proc.resource_use(7), expected);

  fake.set(7, "limits", "Max open files            unlimited            unlimited            files     \n");
  expected.max_fds = std::nullopt;
  EXPECT_EQ(proc.resource_use(7), expected);
  EXPECT_EQ(proc.resource_use(8), std::nullopt);
}

TEST(ProcFs, ReadsThisVeryProcess) {
  const ProcFs proc;
  const std::optional<Process> self = proc.process(::getpid(), true);
  ASSERT_TRUE(self);
  EXPECT_EQ(self->exe, std::filesystem::read_symlink("/proc/self/exe"));
  EXPECT_FALSE(self->arguments.empty());
  EXPECT_TRUE(self->environment.contains("PATH"));

  const std::optional<base::ResourceUse> use = proc.resource_use(::getpid());
  ASSERT_TRUE(use);
  const double now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  EXPECT_NEAR(use->start_time_seconds, now, 300);
  EXPECT_GT(use->resident_bytes, 100'000U);
  EXPECT_GT(use->virtual_bytes, use->resident_bytes);
  EXPECT_GE(use->open_fds, 3U);
  EXPECT_GE(use->threads, 1U);
}

}  // namespace
}  // namespace discover
