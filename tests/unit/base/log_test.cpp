#include "base/log.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>
#include <vector>

#include "base/unique_fd.hpp"
#include "base/utf8.hpp"
#include "support/fake_clock.hpp"
#include "support/result_matchers.hpp"
#include "support/temp_dir.hpp"

namespace base {
namespace {

class Log : public testing::Test {
 protected:
  Logger logger(LogLevel level, LogFormat format = LogFormat::kLogfmt) {
    return Logger(clock_, {.level = level, .format = format, .fd = fd_.value()});
  }

  std::string written() const {
    std::ifstream file(path_, std::ios::binary);
    std::stringstream content;
    content << file.rdbuf();
    return content.str();
  }

  support::FakeClock clock_;
  support::TempDir dir_;
  std::string path_ = dir_.write("log", "");
  UniqueFd fd_{::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC)};
};

TEST_F(Log, WritesLogfmt) {
  clock_.advance(std::chrono::milliseconds(67));
  logger(LogLevel::kInfo).info("attached", {{"probe", "logic.login"}, {"sites", 3}, {"stripped", true}});
  EXPECT_EQ(
      written(),
      "time=2026-01-02T03:04:05.067Z level=info msg=attached probe=logic.login sites=3 stripped=true\n");
}

TEST_F(Log, QuotesWhatLogfmtCannotHold) {
  const std::string hostile = "a\"b\\c\nlevel=error\t\x01\xFF";
  logger(LogLevel::kInfo).warn("two words", {{"empty", ""}, {"equals", "a=b"}, {"hostile", hostile}});
  EXPECT_EQ(written(),
            "time=2026-01-02T03:04:05.000Z level=warn msg=\"two words\" empty=\"\" equals=\"a=b\" "
            "hostile=\"a\\\"b\\\\c\\nlevel=error\\t\\u0001\xEF\xBF\xBD\"\n");
}

TEST_F(Log, WritesJson) {
  const std::string hostile = "a\"b\\c\n\r\t\x01\xFF";
  logger(LogLevel::kInfo, LogFormat::kJson)
      .error("no luck", {{"count", 7},
                         {"share", 0.25},
                         {"flag", false},
                         {"nan", std::numeric_limits<double>::quiet_NaN()},
                         {"text", hostile}});
  const auto line = nlohmann::json::parse(written());
  EXPECT_EQ(line["time"], "2026-01-02T03:04:05.000Z");
  EXPECT_EQ(line["level"], "error");
  EXPECT_EQ(line["msg"], "no luck");
  EXPECT_EQ(line["count"], 7);
  EXPECT_EQ(line["share"], 0.25);
  EXPECT_EQ(line["flag"], false);
  EXPECT_EQ(line["nan"], "nan");
  EXPECT_EQ(line["text"], "a\"b\\c\n\r\t\x01\xEF\xBF\xBD");
}

TEST_F(Log, LeavesOutWhatIsBelowTheLevel) {
  Logger log = Logger(clock_, {.level = LogLevel::kWarn, .fd = fd_.value()});
  log.debug("1");
  log.info("2");
  log.warn("3");
  log.error("4");
  const std::string text = written();
  EXPECT_EQ(std::ranges::count(text, '\n'), 2);
  EXPECT_EQ(text.find("msg=2"), std::string::npos);
}

TEST_F(Log, KeepsLinesOfManyThreadsApart) {
  Logger log(clock_, {.fd = fd_.value()});
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&log] {
        for (int i = 0; i < 100; ++i) {
          log.info("hello", {{"text", std::string(200, 'x')}});
        }
      });
    }
  }
  std::istringstream lines(written());
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    EXPECT_TRUE(line.starts_with("time=2026")) << line;
    EXPECT_TRUE(line.ends_with("xxx")) << line;
  }
  EXPECT_EQ(count, 400);
}

TEST_F(Log, CountsWhatCannotBeWritten) {
  const UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  Logger log(clock_, {.fd = full.value()});
  log.info("lost");
  log.debug("not wanted");
  log.error("lost too");
  EXPECT_EQ(log.lost_lines(), 2);
  EXPECT_EQ(logger(LogLevel::kInfo).lost_lines(), 0);
}

TEST_F(Log, HoldsEveryByteInOneLine) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text = std::string("a") + static_cast<char>(byte) + "b";
    const std::size_t before = written().size();
    logger(LogLevel::kInfo, LogFormat::kJson).info(text, {{"text", text}});
    const std::string json = written().substr(before);
    EXPECT_EQ(std::ranges::count(json, '\n'), 1) << byte;
    const auto line = nlohmann::json::parse(json);
    EXPECT_EQ(line["msg"], to_valid_utf8(text)) << byte;
    EXPECT_EQ(line["text"], to_valid_utf8(text)) << byte;
    EXPECT_EQ(line.size(), 4) << byte;
    logger(LogLevel::kInfo).info(text, {{"text", text}});
    const std::string logfmt = written().substr(before + json.size());
    EXPECT_EQ(std::ranges::count(logfmt, '\n'), 1) << byte;
  }
}

TEST(ParseLogLevel, NamesWhatIsAllowed) {
  ASSERT_OK_AND_ASSIGN(const LogLevel level, parse_log_level("warn"));
  EXPECT_EQ(level, LogLevel::kWarn);
  EXPECT_THAT(
      parse_log_level("loud"),
      support::IsError(ErrorCode::kInvalidConfig, "log level \"loud\": write debug, info, warn or error"));
}

TEST(ParseLogFormat, NamesWhatIsAllowed) {
  ASSERT_OK_AND_ASSIGN(const LogFormat format, parse_log_format("json"));
  EXPECT_EQ(format, LogFormat::kJson);
  EXPECT_THAT(parse_log_format("xml"),
              support::IsError(ErrorCode::kInvalidConfig, "log format \"xml\": write logfmt or json"));
}

}  // namespace
}  // namespace base
