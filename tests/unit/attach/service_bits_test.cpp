#include "attach/service_bits.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace attach {
namespace {

using testing::ElementsAre;

std::vector<config::Service> services(const std::vector<std::string>& names) {
  std::vector<config::Service> found;
  for (const std::string& name : names) {
    found.push_back({.name = name, .match = {}, .identity = {}, .position = {}});
  }
  return found;
}

TEST(ServiceBits, StayWhenServicesComeAndGo) {
  ServiceBits bits;
  bits.assign(services({"gateway", "logic"}));
  EXPECT_EQ(bits.of(std::vector<std::string>{"logic"}), 2U);
  bits.assign(services({"task", "logic"}));
  EXPECT_EQ(bits.of(std::vector<std::string>{"logic"}), 2U);
  EXPECT_EQ(bits.of(std::vector<std::string>{"task"}), 4U);
  EXPECT_EQ(bits.of(std::vector<std::string>{"gateway", "task"}), 5U);
  EXPECT_EQ(bits.of(std::vector<std::string>{"nobody"}), 0U);
  EXPECT_THAT(bits.names_of(6), ElementsAre("logic", "task"));
  EXPECT_THAT(ServiceBits(bits.names()).names_of(1), ElementsAre("gateway"));
}

TEST(ServiceBits, OfServicesThatAreNoMoreAreUsedAgain) {
  std::vector<std::string> names;
  for (int i = 0; i < 64; ++i) {
    names.push_back(fmt::format("s{}", i));
  }
  ServiceBits bits(names);
  names.erase(names.begin() + 63);
  names.erase(names.begin() + 5);
  names.emplace_back("fresh");
  bits.assign(services(names));
  EXPECT_EQ(bits.of(std::vector<std::string>{"fresh"}), std::uint64_t{1} << 5);
  EXPECT_EQ(bits.of(std::vector<std::string>{"s63"}), std::uint64_t{1} << 63);
}

}  // namespace
}  // namespace attach
