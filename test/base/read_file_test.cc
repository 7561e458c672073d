#include "source/base/read_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace tollgate {
namespace {

class ReadFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "/read_fileXXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& text) {
    const std::string path = folder_ + "/file";
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  std::string pipe() {
    const std::string path = folder_ + "/pipe";
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    return path;
  }
  static std::string refusal(const Result<std::string>& result) {
    return result.ok() ? "" : result.error().message;
  }

  std::string folder_;
};

TEST_F(ReadFile, GivesWhatAFileHolds) {
  const std::string text(200'000, 'x');
  auto read = readFile(write(text));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, text);
  auto empty = readFile(write(""));
  ASSERT_TRUE(empty.ok());
  EXPECT_EQ(*empty, "");
}

TEST_F(ReadFile, TellsAMissingFileFromOneThatCannotBeRead) {
  auto missing = readFile(folder_ + "/none");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().kind, Error::Kind::kNotFound);
  EXPECT_EQ(refusal(readFile(folder_)), "it is a folder; name a file");
}

TEST_F(ReadFile, TakesNoMoreThanItsLimit) {
  const std::string path = write("12345");
  EXPECT_TRUE(readFile(path, {.bytes = 5}).ok());
  EXPECT_EQ(refusal(readFile(path, {.bytes = 4})), "it is longer than 4 bytes");
  EXPECT_EQ(refusal(readFile("/dev/zero", {.bytes = 1000})), "it is longer than 1000 bytes");
}

TEST_F(ReadFile, ComesBackFromAPipeThatNobodyWrites) {
  EXPECT_EQ(refusal(readFile(pipe())), "it is a pipe into which nobody writes");
}

TEST_F(ReadFile, GivesUpOnAPipeThatIsSilent) {
  const std::string path = pipe();
  const int writer = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(writer, 0);
  EXPECT_EQ(refusal(readFile(path, {.silence = std::chrono::milliseconds(1)})),
            "nothing came from it within 1 ms");
  ::close(writer);
}

TEST_F(ReadFile, ReadsAPipeToItsEnd) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ASSERT_EQ(::write(ends[1], "text", 4), 4);
  ::close(ends[1]);
  auto read = readFile("/dev/fd/" + std::to_string(ends[0]));
  ASSERT_TRUE(read.ok()) << refusal(read);
  EXPECT_EQ(*read, "text");
  ::close(ends[0]);
}

}  // namespace
}  // namespace tollgate
