#include "source/server/prefix_folder.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>

namespace tollgate::server {
namespace {

class PrefixFolderTest : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/tollgate-prefix.XXXXXX";
    ASSERT_NE(mkdtemp(pattern), nullptr);
    path_ = pattern;
    ASSERT_TRUE(PrefixFolder(path_).create());
  }
  void TearDown() override { std::filesystem::remove_all(path_); }

  void leavePid(const std::string& text) const { std::ofstream(path_ + "/pids/nginx.pid") << text; }

  /// Another process, as locks are between processes; ends with what `body` returns.
  static pid_t inChild(const std::function<int()>& body) {
    pid_t pid = fork();
    if (pid == 0) _exit(body());
    return pid;
  }
  static int exitCode(pid_t pid) {
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  std::string path_;
};

TEST_F(PrefixFolderTest, ASecondProcessIsRefusedUntilTheFirstEnds) {
  {
    PrefixFolder folder(path_);
    ASSERT_TRUE(folder.lock());
    EXPECT_EQ(exitCode(inChild([&] { return PrefixFolder(path_).lock() ? 1 : 0; })), 0);
    pid_t me = getpid();
    EXPECT_EQ(exitCode(inChild([&] { return PrefixFolder(path_).runningPid() == me ? 0 : 1; })), 0);
  }
  EXPECT_EQ(exitCode(inChild([&] { return PrefixFolder(path_).lock() ? 0 : 1; })), 0);
}

TEST_F(PrefixFolderTest, WhatAProcessLeftThatWasKilledNamesNobody) {
  leavePid("1\n");
  EXPECT_EQ(PrefixFolder(path_).runningPid(), 0);
  PrefixFolder folder(path_);
  ASSERT_TRUE(folder.lock());
  pid_t me = getpid();
  EXPECT_EQ(exitCode(inChild([&] {
              leavePid("-1\n");  // to signal that would signal everybody
              return PrefixFolder(path_).runningPid() == me ? 0 : 1;
            })),
            0);
}

TEST_F(PrefixFolderTest, AskingWhoRunsNeverRefusesAStartNorNamesAFormerRun) {
  pid_t child = inChild([&] {
    for (int i = 0; i < 1000; ++i) {
      leavePid("1\n");
      if (!PrefixFolder(path_).lock()) return 1;
    }
    return 0;
  });
  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0) {
    int running = PrefixFolder(path_).runningPid();
    EXPECT_TRUE(running == 0 || running == child) << running;
  }
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0) << "a start was refused";
}

}  // namespace
}  // namespace tollgate::server
