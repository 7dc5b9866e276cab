// What the kernel tells of processes that come and go. Needs root and BPF.
#include "attach/process_watch.hpp"

#include <bpf/bpf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

namespace bpf_test {
namespace {

using testing::Contains;
using testing::Not;

const std::string kProgram = "/bin/cat";  // of the host, or busybox

// What /proc/PID/exe of the program is called.
std::string program_name() {
  return std::filesystem::canonical(kProgram).filename();
}

// Processes that run `cat`, each the child of the one before, the last `namespaces` of them in a pid
// namespace of their own. They end with the object.
class Cat {
 public:
  explicit Cat(int namespaces = 0) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    child_ = ::fork();
    if (child_ == 0) {
      ::dup2(ends[0], STDIN_FILENO);
      ::close(ends[0]);
      ::close(ends[1]);
      run(namespaces);
    }
    ::close(ends[0]);
    write_end_ = ends[1];
  }

  Cat(const Cat&) = delete;
  Cat& operator=(const Cat&) = delete;
  Cat(Cat&&) = delete;
  Cat& operator=(Cat&&) = delete;

  ~Cat() {
    ::close(write_end_);
    ::waitpid(child_, nullptr, 0);
  }

  [[nodiscard]] pid_t pid() const { return child_; }

  // Its exec is over, events and all: it takes what it is given.
  void wait_until_it_runs() const {
    EXPECT_EQ(::write(write_end_, "\n", 1), 1);
    for (int unread = 1; unread != 0;) {
      std::this_thread::yield();
      ASSERT_EQ(::ioctl(write_end_, FIONREAD, &unread), 0);
    }
  }

 private:
  [[noreturn]] static void run(int namespaces) {
    if (namespaces > 0) {
      if (::unshare(CLONE_NEWPID) != 0) {
        ::_exit(1);
      }
      if (const pid_t inner = ::fork(); inner != 0) {
        ::close(STDIN_FILENO);
        ::waitpid(inner, nullptr, 0);
        ::_exit(0);
      }
      run(namespaces - 1);
    }
    ::execl(kProgram.c_str(), kProgram.c_str(), nullptr);
    ::_exit(1);
  }

  pid_t child_ = 0;
  int write_end_ = -1;
};

// "NSpid: 4711 5 1": the process has a pid in so many namespaces.
std::size_t pid_namespaces_of(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("NSpid:")) {
      return static_cast<std::size_t>(std::ranges::count(line, '\t'));
    }
  }
  return 0;
}

class ProcessWatchTest : public testing::Test {
 protected:
  void SetUp() override {
    auto watch = attach::ProcessWatch::start({});
    ASSERT_TRUE(watch.has_value()) << watch.error().message;
    watch_ = std::move(*watch);
  }

  void follow(const std::optional<std::vector<std::string>>& names) {
    const auto result = watch_->follow_names(names);
    ASSERT_TRUE(result.has_value()) << result.error().message;
  }

  // Pids of all events of this kind, up to one that `is_last` is true for.
  std::vector<pid_t> pids_until(event_kind kind, const std::function<bool(pid_t)>& is_last) {
    std::vector<pid_t> pids;
    while (true) {
      const auto events = watch_->take_events();
      EXPECT_TRUE(events.has_value());
      for (const process_event& event : events.value_or(std::vector<process_event>{})) {
        if (event.kind == static_cast<__u32>(kind)) {
          pids.push_back(static_cast<pid_t>(event.pid));
          if (is_last(pids.back())) {
            return pids;
          }
        }
      }
      std::this_thread::yield();
    }
  }

  std::vector<pid_t> execs_until(pid_t last) {
    return pids_until(EVENT_EXEC, [&](pid_t pid) { return pid == last; });
  }

  void give_number(pid_t pid, process known) {
    ASSERT_EQ(bpf_map_update_elem(watch_->maps().processes.value(), &pid, &known, BPF_ANY), 0);
  }

  [[nodiscard]] process known(pid_t pid) const {
    process found{};
    bpf_map_lookup_elem(watch_->maps().processes.value(), &pid, &found);
    return found;
  }

  std::optional<attach::ProcessWatch> watch_;
};

TEST_F(ProcessWatchTest, TellsEveryExecAtFirst) {
  const Cat cat;
  EXPECT_THAT(execs_until(cat.pid()), Contains(cat.pid()));
}

TEST_F(ProcessWatchTest, TellsExecsOfFollowedNamesOnly) {
  follow({{"nothing has this name", program_name()}});
  const Cat followed;
  execs_until(followed.pid());
  follow({{"nothing has this name"}});
  const Cat other;
  other.wait_until_it_runs();
  follow({{program_name()}});
  const Cat last;
  EXPECT_THAT(execs_until(last.pid()), Not(Contains(other.pid())));
}

TEST_F(ProcessWatchTest, FollowsAllNamesWhereOneIsTooLong) {
  follow({{std::string(ABI_FILE_NAME, 'x')}});
  const Cat cat;
  EXPECT_THAT(execs_until(cat.pid()), Contains(cat.pid()));
}

// A service that becomes another program is news, whatever its name.
TEST_F(ProcessWatchTest, TellsTheExecOfANumberedProcess) {
  follow({{"nothing has this name"}});
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    char go = 0;
    ::close(ends[1]);
    if (::read(ends[0], &go, 1) == 1) {
      ::execl(kProgram.c_str(), kProgram.c_str(), "/dev/null", nullptr);
    }
    ::_exit(1);
  }
  give_number(child, {.number = 7, .classified = 7, .services = 1});
  ASSERT_EQ(::write(ends[1], "x", 1), 1);
  EXPECT_THAT(execs_until(child), Contains(child));
  EXPECT_EQ(known(child).number, 0);
  ::close(ends[0]);
  ::close(ends[1]);
  ::waitpid(child, nullptr, 0);
}

// While two exporters run, the programs of the first retire the number.
TEST_F(ProcessWatchTest, TellsTheEndOfAFollowedProcessWithoutANumber) {
  pid_t pid = 0;
  {
    const Cat cat;
    pid = cat.pid();
    execs_until(pid);
    const auto result = watch_->number_processes(std::vector{pid});
    ASSERT_TRUE(result.has_value()) << result.error().message;
    EXPECT_NE(known(pid).number, 0);
    ASSERT_EQ(bpf_map_delete_elem(watch_->maps().processes.value(), &pid), 0);
  }
  EXPECT_THAT(pids_until(EVENT_EXIT, [&](pid_t ended) { return ended == pid; }), Contains(pid));
}

TEST_F(ProcessWatchTest, TellsChildrenOfServices) {
  const auto fork_once = [] {
    const pid_t child = ::fork();
    if (child == 0) {
      ::_exit(0);
    }
    ::waitpid(child, nullptr, 0);
    return child;
  };
  give_number(::getpid(), {.number = 7, .classified = 7, .services = 0});
  const pid_t of_a_stranger = fork_once();
  give_number(::getpid(), {.number = 7, .classified = 0, .services = 0});
  const pid_t of_an_unknown = fork_once();
  give_number(::getpid(), {.number = 7, .classified = 7, .services = 1});
  std::thread([] {}).join();  // a thread is no process
  const pid_t of_a_service = fork_once();
  const auto forks = pids_until(EVENT_FORK, [&](pid_t pid) { return pid == of_a_service; });
  EXPECT_THAT(forks, testing::ElementsAre(of_an_unknown, of_a_service));
  EXPECT_NE(of_a_stranger, of_a_service);
}

TEST_F(ProcessWatchTest, KnowsPidsOfOtherNamespaces) {
  for (const int namespaces : {1, 3}) {
    follow({{"nothing has this name"}});
    follow({{program_name()}});
    const Cat cat(namespaces);
    const std::size_t wanted = static_cast<std::size_t>(namespaces) + pid_namespaces_of(::getpid());
    const auto execs = pids_until(EVENT_EXEC, [&](pid_t pid) { return pid_namespaces_of(pid) == wanted; });
    EXPECT_EQ(std::filesystem::read_symlink("/proc/" + std::to_string(execs.back()) + "/exe").filename(),
              program_name());
  }
}

// The process has become another meanwhile: it keeps the number that it has now.
TEST_F(ProcessWatchTest, ClassifiesOnlyTheProcessThatWasLookedAt) {
  const pid_t pid = ::getpid();
  give_number(pid, {.number = 8, .classified = PROCESS_UNREAD, .services = 0});
  process_record record{};
  record.tgid = static_cast<__u32>(pid);
  watch_->classify(record, 7, 1);
  EXPECT_EQ(known(pid).number, 8);
  EXPECT_EQ(known(pid).classified, PROCESS_UNREAD);
  watch_->classify(record, 8, 3);
  EXPECT_EQ(known(pid).number, 8);
  EXPECT_EQ(known(pid).classified, 8);
  EXPECT_EQ(known(pid).services, 3);
  record.tgid += 1'000'000;
  watch_->classify(record, 8, 3);
  EXPECT_EQ(known(pid + 1'000'000).number, 0);
}

}  // namespace
}  // namespace bpf_test
