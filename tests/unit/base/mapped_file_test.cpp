#include "base/mapped_file.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "support/result_matchers.hpp"
#include "support/temp_dir.hpp"

namespace base {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t kPage = 4096;

char byte_at(const MappedFile& file, std::size_t offset) {
  return static_cast<char>(*static_cast<const volatile std::byte*>(&file.bytes()[offset]));
}

TEST(MappedFile, HasTheBytesOfTheFile) {
  const support::TempDir dir;
  ASSERT_OK_AND_ASSIGN(const MappedFile file, MappedFile::open(dir.write("file", "abc")));
  ASSERT_EQ(file.bytes().size(), 3U);
  EXPECT_EQ(byte_at(file, 0), 'a');
  EXPECT_EQ(byte_at(file, 2), 'c');
  EXPECT_TRUE(file.check_whole().has_value());
}

TEST(MappedFile, OfNothingIsEmpty) {
  const support::TempDir dir;
  ASSERT_OK_AND_ASSIGN(const MappedFile file, MappedFile::open(dir.write("file", "")));
  EXPECT_TRUE(file.bytes().empty());
  EXPECT_TRUE(file.is_whole());
}

TEST(MappedFile, TruncatedWhileItIsReadGivesZerosAndAnError) {
  const support::TempDir dir;
  const std::string path = dir.write("file", std::string(8 * kPage, 'x'));
  ASSERT_OK_AND_ASSIGN(const MappedFile file, MappedFile::open(path));
  ASSERT_EQ(::truncate(path.c_str(), kPage), 0);
  EXPECT_EQ(byte_at(file, 0), 'x');
  EXPECT_TRUE(file.is_whole());  // nothing was read that is gone
  EXPECT_EQ(byte_at(file, kPage), '\0');
  EXPECT_EQ(byte_at(file, 7 * kPage + 123), '\0');
  EXPECT_FALSE(file.is_whole());
  EXPECT_THAT(file.check_whole(), support::IsError(ErrorCode::kIo, HasSubstr("truncated while it was read")));
}

TEST(MappedFile, OneThatIsTruncatedSaysNothingOfAnother) {
  const support::TempDir dir;
  const std::string path = dir.write("one", std::string(2 * kPage, 'x'));
  ASSERT_OK_AND_ASSIGN(const MappedFile one, MappedFile::open(path));
  ASSERT_OK_AND_ASSIGN(const MappedFile other, MappedFile::open(dir.write("other", std::string(kPage, 'y'))));
  ASSERT_EQ(::truncate(path.c_str(), 0), 0);
  EXPECT_EQ(byte_at(one, 0), '\0');
  EXPECT_EQ(byte_at(other, 0), 'y');
  EXPECT_FALSE(one.is_whole());
  EXPECT_TRUE(other.is_whole());
}

TEST(MappedFile, IsGuardedWhereverItWasMoved) {
  const support::TempDir dir;
  const std::string path = dir.write("file", std::string(2 * kPage, 'x'));
  ASSERT_OK_AND_ASSIGN(MappedFile file, MappedFile::open(path));
  std::vector<MappedFile> files;
  files.push_back(std::move(file));
  ASSERT_EQ(::truncate(path.c_str(), 0), 0);
  EXPECT_EQ(byte_at(files.front(), kPage), '\0');
  EXPECT_FALSE(files.front().is_whole());
}

TEST(MappedFile, ANewOneKnowsNothingOfThoseBefore) {
  const support::TempDir dir;
  for (int round = 0; round < 100; ++round) {
    const std::string path = dir.write("file", std::string(2 * kPage, 'x'));
    ASSERT_OK_AND_ASSIGN(const MappedFile file, MappedFile::open(path));
    EXPECT_EQ(byte_at(file, kPage), 'x');
    EXPECT_TRUE(file.is_whole()) << round;
    ASSERT_EQ(::truncate(path.c_str(), 0), 0);
    EXPECT_EQ(byte_at(file, kPage + 1), '\0');
    EXPECT_FALSE(file.is_whole()) << round;
  }
}

TEST(MappedFile, ThatGrowsHasTheSizeItHad) {
  const support::TempDir dir;
  const std::string path = dir.write("file", "abc");
  ASSERT_OK_AND_ASSIGN(const MappedFile file, MappedFile::open(path));
  ASSERT_EQ(::truncate(path.c_str(), 10 * kPage), 0);
  EXPECT_EQ(file.bytes().size(), 3U);
}

TEST(MappedFile, OfATerabyteThatIsNotThereCostsNothing) {
  const support::TempDir dir;
  constexpr std::size_t kTerabyte = 1UL << 40U;
  const std::string path = dir.write("file", "abc");
  if (::truncate(path.c_str(), kTerabyte) != 0) {
    GTEST_SKIP() << "this file system has no files of a terabyte";
  }
  ASSERT_OK_AND_ASSIGN(const MappedFile file, MappedFile::open(path));
  EXPECT_EQ(file.bytes().size(), kTerabyte);
  EXPECT_EQ(byte_at(file, 1), 'b');
  EXPECT_EQ(byte_at(file, kTerabyte - 1), '\0');
  EXPECT_TRUE(file.is_whole());
}

TEST(MappedFile, WaitsForNobody) {
  const support::TempDir dir;
  const std::string fifo = (dir.path() / "fifo").string();
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_THAT(MappedFile::open(fifo), support::IsError(ErrorCode::kIo, fifo + " is not a regular file"));
  EXPECT_THAT(MappedFile::open("/dev/zero"),
              support::IsError(ErrorCode::kIo, "/dev/zero is not a regular file"));
  EXPECT_THAT(MappedFile::open(dir.path().string()), support::IsError(ErrorCode::kIo, HasSubstr("regular")));
}

TEST(MappedFile, NamesWhatIsNotThere) {
  EXPECT_THAT(MappedFile::open("/nowhere"),
              support::IsError(ErrorCode::kNotFound, HasSubstr("opening /nowhere: No such file")));
}

// A sanitizer takes the signal for itself, reports it and ends the process by an exit status.
bool ended_as_without_us(int status) {
  return (WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS) ||
         (WIFEXITED(status) && WEXITSTATUS(status) != 0);
}

// The kernel ends a process by SIGBUS for other reasons as well, and people send it.
TEST(MappedFileDeathTest, AnotherSigbusEndsTheProcessAsBefore) {
  const support::TempDir dir;
  ASSERT_OK_AND_ASSIGN(const MappedFile file, MappedFile::open(dir.write("file", "abc")));
  EXPECT_EXIT(::raise(SIGBUS), ended_as_without_us, "");
}

}  // namespace
}  // namespace base
