#include "base/service_notify.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "base/log.hpp"
#include "base/unique_fd.hpp"
#include "support/fake_clock.hpp"
#include "support/temp_dir.hpp"

namespace base {
namespace {

// What systemd would hear. `path` begins with @ for a socket without a file.
class Listener {
 public:
  explicit Listener(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, path.size());
    if (path.front() == '@') {
      address.sun_path[0] = '\0';
    }
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    EXPECT_EQ(::bind(fd_.value(), reinterpret_cast<const sockaddr*>(&address), size), 0);
    ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }

  ~Listener() { ::unsetenv("NOTIFY_SOCKET"); }

  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  Listener(Listener&&) = delete;
  Listener& operator=(Listener&&) = delete;

  // "" where nothing was said.
  [[nodiscard]] std::string heard() const {
    std::array<char, 256> buffer{};
    const ssize_t size = ::recv(fd_.value(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    return {buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
  }

 private:
  UniqueFd fd_;
};

class ServiceNotify : public testing::Test {
 protected:
  std::string logged() const {
    std::ifstream file(path_);
    std::stringstream content;
    content << file.rdbuf();
    return content.str();
  }

  support::FakeClock clock_;
  support::TempDir dir_;
  std::string path_ = dir_.write("log", "");
  UniqueFd fd_{::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC)};
  Logger log_{clock_, {.fd = fd_.value()}};
};

TEST_F(ServiceNotify, TellsStates) {
  for (const std::string& path :
       {(dir_.path() / "notify").string(), std::string("@uprobe_exporter_test/") + dir_.path().string()}) {
    const Listener systemd(path);
    tell_systemd(ServiceState::kReady, log_);
    EXPECT_EQ(systemd.heard(), "READY=1");
    tell_systemd(ServiceState::kStopping, log_);
    EXPECT_EQ(systemd.heard(), "STOPPING=1");
    EXPECT_EQ(systemd.heard(), "");
  }
}

TEST_F(ServiceNotify, SaysWhenAReloadBegan) {
  const Listener systemd((dir_.path() / "notify").string());
  const auto microseconds = [] {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
  };
  const auto before = microseconds();
  tell_systemd(ServiceState::kReloading, log_);
  const auto after = microseconds();
  const std::string heard = systemd.heard();
  constexpr std::string_view kStart = "RELOADING=1\nMONOTONIC_USEC=";
  ASSERT_THAT(heard, testing::StartsWith(std::string(kStart)));
  decltype(microseconds()) when = 0;
  std::from_chars(heard.data() + kStart.size(), heard.data() + heard.size(), when);
  EXPECT_LE(before, when);
  EXPECT_LE(when, after);
}

TEST_F(ServiceNotify, IsSilentWithoutSystemd) {
  ::unsetenv("NOTIFY_SOCKET");
  tell_systemd(ServiceState::kReady, log_);
  EXPECT_EQ(logged(), "");
}

TEST_F(ServiceNotify, SaysThatNobodyListens) {
  ::setenv("NOTIFY_SOCKET", "/nowhere/notify", 1);
  tell_systemd(ServiceState::kReady, log_);
  EXPECT_THAT(logged(),
              testing::HasSubstr("level=warn msg=\"systemd does not know our state\" error=\"telling systemd "
                                 "by /nowhere/notify: No such file or directory\""));
  ::setenv("NOTIFY_SOCKET", std::string(200, 'x').c_str(), 1);
  tell_systemd(ServiceState::kReady, log_);
  EXPECT_THAT(logged(), testing::HasSubstr("too long"));
  ::unsetenv("NOTIFY_SOCKET");
}

}  // namespace
}  // namespace base
