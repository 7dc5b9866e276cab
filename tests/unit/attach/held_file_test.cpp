#include "attach/held_file.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "support/result_matchers.hpp"
#include "support/temp_dir.hpp"

namespace attach {
namespace {

class HeldFiles : public ::testing::Test {
 protected:
  HeldFiles() { std::signal(SIGIO, SIG_IGN); }

  // Where it was opened for writing, the file gets its content; else whoever holds it has a lease.
  [[nodiscard]] bool can_be_written() const {
    const int fd = ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    const bool is_open = fd >= 0;
    ::close(fd);
    return is_open;
  }

  support::TempDir dir;
  std::string path = dir.write("file", "a program");
};

TEST_F(HeldFiles, AreUnchangedUntilSomebodyWrites) {
  ASSERT_OK_AND_ASSIGN(const HeldFile file, HeldFile::open(path, Lease::kNone));
  EXPECT_FALSE(file.has_lease());
  EXPECT_TRUE(file.is_unchanged());
  EXPECT_EQ(file.id().size, 9U);
  ASSERT_EQ(::truncate(path.c_str(), 3), 0);
  EXPECT_FALSE(file.is_unchanged());
  EXPECT_EQ(file.id().size, 9U) << "as it was when it was opened";
}

TEST_F(HeldFiles, MakeWritersWaitByALease) {
  {
    ASSERT_OK_AND_ASSIGN(const HeldFile file, HeldFile::open(path, Lease::kWherePossible));
    if (!file.has_lease()) {
      GTEST_SKIP() << "this file system knows no leases";
    }
    EXPECT_TRUE(file.is_unchanged());
    EXPECT_FALSE(file.is_broken());
    EXPECT_FALSE(can_be_written());
    EXPECT_TRUE(file.is_broken()) << "somebody has asked for it";
    EXPECT_FALSE(file.is_unchanged());
  }
  EXPECT_TRUE(can_be_written());
}

TEST_F(HeldFiles, HaveNoLeaseWhileSomebodyWrites) {
  const int writer = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  ASSERT_OK_AND_ASSIGN(const HeldFile file, HeldFile::open(path, Lease::kWherePossible));
  EXPECT_FALSE(file.has_lease());
  ::close(writer);
}

TEST_F(HeldFiles, DoNotWaitForTheLeaseOfAnother) {
  const int owner = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (::fcntl(owner, F_SETLEASE, F_WRLCK) != 0) {
    GTEST_SKIP() << "this file system knows no leases";
  }
  EXPECT_FALSE(HeldFile::open(path, Lease::kWherePossible).has_value());
  ::close(owner);
}

TEST_F(HeldFiles, KnowThatTheyHaveNoName) {
  ASSERT_OK_AND_ASSIGN(const HeldFile file, HeldFile::open(path, Lease::kNone));
  EXPECT_FALSE(file.is_unlinked());
  std::filesystem::remove(path);
  EXPECT_TRUE(file.is_unlinked());
  ASSERT_OK_AND_ASSIGN(const HeldFile again, HeldFile::open(file.open_path(), Lease::kNone));
  EXPECT_EQ(again.id().inode, file.id().inode);
}

TEST_F(HeldFiles, AreNamedWhereTheyAreNotThere) {
  EXPECT_THAT(HeldFile::open("/nowhere", Lease::kNone),
              support::IsError(base::ErrorCode::kNotFound, "opening /nowhere: No such file or directory"));
}

}  // namespace
}  // namespace attach
