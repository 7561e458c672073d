#include "filters/http/file_log/record_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "test/client/support.h"

namespace tollgate::filters::file_log {
namespace {

std::string contentOf(const std::string& path) {
  std::ifstream file(path);
  std::stringstream out;
  out << file.rdbuf();
  return out.str();
}

class RecordFileTest : public client::ServicesTest {
 protected:
  RecordFileTest() : path_(testing::TempDir() + "file_log_" + std::to_string(::getpid())) {
    ::unlink(path_.c_str());
  }
  ~RecordFileTest() override {
    ::unlink(path_.c_str());
    ::unlink((path_ + ".1").c_str());
  }
  std::string path_;
};

TEST_F(RecordFileTest, AppendsLinesInTheirOrderToWhatIsThere) {
  std::ofstream(path_) << "before\n";
  RecordFile file(worker(), path_, false);
  for (int i = 0; i < 20; ++i) file.write(std::to_string(i));
  EXPECT_TRUE(file.busy());
  ASSERT_TRUE(runUntil([&] { return !file.busy(); }));
  const std::string text = contentOf(path_);
  EXPECT_TRUE(text.starts_with("before\n0\n1\n2\n")) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 21);
  EXPECT_EQ(counted("tollgate_file_log_records_written_total", {}), 20);
  EXPECT_EQ(services_.queueMemory().used(), 0u);
}

TEST_F(RecordFileTest, IsMadeForAllToRead) {
  const mode_t before = ::umask(0);
  RecordFile file(worker(), path_, false);
  file.write("{}");
  ASSERT_TRUE(runUntil([&] { return !file.busy(); }));
  ::umask(before);
  struct stat info {};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0644u);
}

TEST_F(RecordFileTest, FollowsItsNameOnlyIfItIsToldToReopen) {
  for (const bool reopen : {false, true}) {
    RecordFile file(worker(), path_, reopen);
    file.write("old");
    ASSERT_TRUE(runUntil([&] { return !file.busy(); }));
    ASSERT_EQ(::rename(path_.c_str(), (path_ + ".1").c_str()), 0);
    file.write("new");
    ASSERT_TRUE(runUntil([&] { return !file.busy(); }));
    EXPECT_EQ(contentOf(path_), reopen ? "new\n" : "");
    EXPECT_EQ(contentOf(path_ + ".1"), reopen ? "old\n" : "old\nnew\n");
  }
}

TEST_F(RecordFileTest, TellsOfAFileThatCannotBeWrittenAndGoesOn) {
  RecordFile nowhere(worker(), "/nonexistent/log", false);
  nowhere.write("{}");
  ASSERT_TRUE(runUntil([&] { return !nowhere.busy(); }));
  EXPECT_TRUE(log_.have("file-log: /nonexistent/log: 1 record is lost: No such file or directory"));
  RecordFile full(worker(), "/dev/full", false);
  full.write("{}");
  ASSERT_TRUE(runUntil([&] { return !full.busy(); }));
  EXPECT_TRUE(log_.have("No space left on device"));
  EXPECT_EQ(counted("tollgate_file_log_records_lost_total", {}), 2);
}

TEST_F(RecordFileTest, WhatWaitsIsWithinTheNodesMemory) {
  RecordFile file(worker(), path_, false);
  const std::string line(999, 'x');
  for (int i = 0; i < 10; ++i) file.write(line);  // 4,000 bytes are the node's
  ASSERT_TRUE(runUntil([&] { return !file.busy(); }));
  EXPECT_EQ(contentOf(path_).size(), 4000u);
  EXPECT_EQ(counted("tollgate_file_log_records_lost_total", {}), 6);
  EXPECT_TRUE(log_.have("queue_memory is used up"));
}

TEST_F(RecordFileTest, APipeThatNobodyReadsKeepsNoThread) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  RecordFile file(worker(), path_, false);
  file.write("{}");
  ASSERT_TRUE(runUntil([&] { return !file.busy(); }));
  EXPECT_TRUE(log_.have("nobody reads from it"));
}

}  // namespace
}  // namespace tollgate::filters::file_log
