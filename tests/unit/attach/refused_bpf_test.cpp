#include "attach/refused_bpf.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace attach {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kFiltered = "NoNewPrivs:\t0\nSeccomp:\t2\nSeccomp_filters:\t1\n";
constexpr const char* kFree = "NoNewPrivs:\t0\nSeccomp:\t0\nSeccomp_filters:\t0\n";

TEST(RefusedBpf, BySeccomp) {
  const std::string text =
      explain_refused_bpf({.status = kFiltered, .apparmor = "unconfined", .lockdown = "[none] integrity"});
  EXPECT_THAT(text, HasSubstr("seccomp filter of this container refuses bpf()"));
  EXPECT_THAT(text, Not(HasSubstr("AppArmor")));
}

TEST(RefusedBpf, ByAppArmor) {
  EXPECT_EQ(explain_refused_bpf({.status = kFree, .apparmor = "docker-default (enforce)", .lockdown = ""}),
            "the AppArmor profile \"docker-default (enforce)\" may refuse bpf(): use unconfined");
}

TEST(RefusedBpf, ByEitherOfTwo) {
  const std::string text = explain_refused_bpf(
      {.status = kFiltered, .apparmor = "cri-containerd.apparmor.d (enforce)", .lockdown = ""});
  EXPECT_THAT(text, HasSubstr("seccomp"));
  EXPECT_THAT(text, HasSubstr("; or the AppArmor profile \"cri-containerd.apparmor.d (enforce)\""));
}

TEST(RefusedBpf, ByLockdown) {
  EXPECT_THAT(
      explain_refused_bpf(
          {.status = kFiltered, .apparmor = "x (enforce)", .lockdown = "none integrity [confidentiality]"}),
      HasSubstr("lockdown=confidentiality"));
}

TEST(RefusedBpf, ByNobodyKnown) {
  EXPECT_EQ(explain_refused_bpf({.status = kFree, .apparmor = "", .lockdown = ""}),
            "the kernel refuses bpf() to this process");
}

}  // namespace
}  // namespace attach
