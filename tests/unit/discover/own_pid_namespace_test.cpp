#include "discover/own_pid_namespace.hpp"

#include <gtest/gtest.h>

#include "support/fake_proc.hpp"

namespace discover {
namespace {

TEST(OwnPidNamespace, HasNobodyButUsAndWhoStartedUs) {
  support::FakeProc proc;
  proc.add({.pid = 1, .exe = "init"});
  proc.set(1, "stat", "1 (tini) S 0 1 1 0\n");
  proc.add({.pid = 7, .exe = "exporter", .comm = "odd) name (x"});  // a child of 1
  EXPECT_TRUE(is_alone(proc.root(), 7));
  EXPECT_FALSE(is_alone(proc.root(), 1));  // 7 is no ancestor of 1
  proc.add({.pid = 9, .exe = "service"});
  EXPECT_FALSE(is_alone(proc.root(), 7));
}

}  // namespace
}  // namespace discover
