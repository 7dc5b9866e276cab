#include "expose/basic_auth.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <thread>
#include <vector>

namespace expose {
namespace {

// From the test vectors of bcrypt's authors (crypt_blowfish): the password is "U*U".
constexpr const char* kFast = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
// exporter-toolkit's: "fakepassword", at the usual cost.
constexpr const char* kUsual = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi";

const std::map<std::string, std::string> kUsers{{"alice", kFast}};

// CPU time of this thread: other programs on the machine do not change it.
double seconds_of(const auto& work) {
  const auto now = [] {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
  };
  const double start = now();
  work();
  return now() - start;
}

TEST(BasicAuth, TakesTheRightPassword) {
  BasicAuth auth;
  EXPECT_TRUE(auth.allows(kUsers, "Basic YWxpY2U6VSpV"));  // alice:U*U
  EXPECT_TRUE(auth.allows(kUsers, "basic YWxpY2U6VSpV"));
  EXPECT_TRUE(auth.allows({{"bob", kUsual}}, "Basic Ym9iOmZha2VwYXNzd29yZA=="));  // bob:fakepassword
}

TEST(BasicAuth, RefusesEverythingElse) {
  BasicAuth auth;
  for (const char* header : {"", "Basic", "Basic ", "Basic !!!!", "Bearer YWxpY2U6VSpV", "YWxpY2U6VSpV",
                             "Basic YWxpY2U=",          // alice
                             "Basic YWxpY2U6",          // alice:
                             "Basic YWxpY2U6d3Jvbmc=",  // alice:wrong
                             "Basic YWxpY2U6VSpVOlU=",  // alice:U*U:U
                             "Basic Ym9iOlUqVQ==",      // bob:U*U
                             "Basic YWxpY2U6VSpVAHg=",  // alice:U*U, a zero byte and more
                             "Basic OlUqVQ=="}) {       // no name
    EXPECT_FALSE(auth.allows(kUsers, header)) << header;
  }
  EXPECT_FALSE(auth.allows({}, "Basic YWxpY2U6VSpV"));
}

TEST(BasicAuth, ForgetsNobodyAndFollowsTheConfiguration) {
  BasicAuth auth;
  EXPECT_TRUE(auth.allows(kUsers, "Basic YWxpY2U6VSpV"));
  EXPECT_FALSE(auth.allows({{"alice", kUsual}}, "Basic YWxpY2U6VSpV")) << "the password was changed";
  EXPECT_FALSE(auth.allows({{"bob", kFast}}, "Basic YWxpY2U6VSpV")) << "the user was removed";
  EXPECT_TRUE(auth.allows(kUsers, "Basic YWxpY2U6VSpV"));
}

TEST(BasicAuth, TakesAsLongForUnknownUsersAndIsFastForKnownPasswords) {
  const std::map<std::string, std::string> users{{"bob", kUsual}};
  BasicAuth auth;
  const double wrong = seconds_of([&] { (void)auth.allows(users, "Basic Ym9iOndyb25n"); });
  const double unknown = seconds_of([&] { (void)auth.allows(users, "Basic ZXZlOmZha2VwYXNzd29yZA=="); });
  const double first = seconds_of([&] { EXPECT_TRUE(auth.allows(users, "Basic Ym9iOmZha2VwYXNzd29yZA==")); });
  const double again = seconds_of([&] { EXPECT_TRUE(auth.allows(users, "Basic Ym9iOmZha2VwYXNzd29yZA==")); });
  // The real ratio is 1; without the comparison it would be a thousandth.
  EXPECT_GT(unknown, wrong / 3);
  EXPECT_LT(unknown, wrong * 3);
  EXPECT_LT(again, first / 20);
}

TEST(BasicAuth, IsUsedByManyThreads) {
  BasicAuth auth;
  std::vector<int> right(4);
  {
    std::vector<std::jthread> threads;
    for (int& count : right) {
      threads.emplace_back([&auth, &count] {
        for (int i = 0; i < 50; ++i) {
          count += auth.allows(kUsers, "Basic YWxpY2U6VSpV") ? 1 : 0;
        }
        count += auth.allows(kUsers, "Basic YWxpY2U6d3Jvbmc=") ? 1000 : 0;
      });
    }
  }
  EXPECT_EQ(right, std::vector<int>({50, 50, 50, 50}));
}

}  // namespace
}  // namespace expose
