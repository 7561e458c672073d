#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "source/base/json.h"
#include "source/log/access_log.h"
#include "source/log/error_log.h"
#include "source/log/log_output.h"
#include "source/log/log_writer.h"

namespace tollgate::log {
namespace {

class LogTest : public testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);
    char folder[] = "/tmp/tollgate-log-XXXXXX";
    ASSERT_NE(mkdtemp(folder), nullptr);
    folder_ = folder;
    path_ = folder_ + "/access.log";
  }
  void TearDown() override {
    for (const char* name : {"/access.log", "/moved.log"}) ::unlink((folder_ + name).c_str());
    ::rmdir(folder_.c_str());
  }
  static std::string read(const std::string& path) {
    std::ifstream in(path);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
  }
  std::unique_ptr<LogWriter> open() {
    auto writer = LogWriter::open(path_);
    EXPECT_TRUE(writer.ok());
    return std::move(writer).value();
  }
  template <typename F>
  static bool until(F condition) {
    auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }
  static http::AccessRecord record() {
    http::AccessRecord out{};
    out.unixMillis = 1700000000123;
    out.clientIp = "10.1.2.3";
    out.method = "GET";
    out.target = "/a?b=c";
    out.userAgent = "curl/8";
    out.requestId = "0123456789abcdef0123456789abcdef";
    out.version = http::Version::kHttp11;
    out.status = 200;
    out.bodyBytes = 42;
    return out;
  }
  std::string folder_, path_;
};

TEST_F(LogTest, ARequestIsOneLineInTheCombinedFormatWithItsId) {
  {
    auto writer = open();
    AccessLog log(*writer, AccessLog::Format::kCombined);
    log.write(record());
  }
  std::string line = read(path_);
  EXPECT_EQ(line.find("10.1.2.3 - - ["), 0u) << line;
  EXPECT_NE(line.find("] \"GET /a?b=c HTTP/1.1\" 200 42 \"-\" \"curl/8\" kong_request_id: "
                      "\"0123456789abcdef0123456789abcdef\"\n"),
            std::string::npos)
      << line;
}

TEST_F(LogTest, WhatClientsSendCannotForgeALine) {
  {
    auto writer = open();
    AccessLog log(*writer, AccessLog::Format::kCombined);
    http::AccessRecord hostile = record();
    hostile.userAgent = "x\" 200\n10.0.0.1 - \\ \xff";
    log.write(hostile);
  }
  std::string line = read(path_);
  EXPECT_NE(line.find("\"x\\x22 200\\x0A10.0.0.1 - \\x5C \\xFF\""), std::string::npos) << line;
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
}

TEST_F(LogTest, JsonLinesAreEscapedAsJson) {
  {
    auto writer = open();
    AccessLog log(*writer, AccessLog::Format::kJson);
    http::AccessRecord quoted = record();
    quoted.userAgent = "a\"b";
    log.write(quoted);
  }
  std::string line = read(path_);
  EXPECT_NE(line.find("\"user_agent\":\"a\\u0022b\""), std::string::npos) << line;
  EXPECT_NE(line.find("\"status\":200,\"bytes\":42"), std::string::npos) << line;
}

TEST_F(LogTest, AnEndlessTargetIsCutAndTheLineStillWhole) {
  {
    auto writer = open();
    AccessLog log(*writer, AccessLog::Format::kCombined);
    std::string target(100000, '\n');
    http::AccessRecord longOne = record();
    longOne.target = target;
    log.write(longOne);
    log.write(record());
  }
  std::string lines = read(path_);
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 2);
  EXPECT_LT(lines.size(), 20000u);
  std::string first = lines.substr(0, lines.find('\n'));
  EXPECT_TRUE(first.ends_with("kong_request_id: \"0123456789abcdef0123456789abcdef\"")) << first;
}

/// Whether `text` is one JSON object; its members as texts.
std::map<std::string, std::string> parsed(const std::string& text) {
  auto json = Json::parse(text, nullptr, false);
  std::map<std::string, std::string> out;
  if (!json.is_object()) return out;
  for (auto& [name, value] : json.items()) {
    out[name] = value.is_string() ? value.get<std::string>() : value.dump();
  }
  return out;
}

TEST_F(LogTest, Utf8StaysTextInJson) {
  {
    auto writer = open();
    AccessLog log(*writer, AccessLog::Format::kJson);
    http::AccessRecord utf8 = record();
    utf8.userAgent = "r\xc3\xa9sum\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80";
    log.write(utf8);
  }
  std::string line = read(path_);
  EXPECT_NE(line.find("\"user_agent\":\"r\xc3\xa9sum\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\""),
            std::string::npos)
      << line;
}

TEST_F(LogTest, BytesThatAreNoTextAreShownInJsonAsWhatTheyAre) {
  {
    auto writer = open();
    AccessLog log(*writer, AccessLog::Format::kJson);
    http::AccessRecord odd = record();
    // A lone byte, an overlong slash, a surrogate, a character cut off, control characters.
    odd.userAgent = std::string_view("\xff \xc0\xaf \xed\xa0\x80 \n\0\x7f \xe2\x82", 15);
    log.write(odd);
  }
  EXPECT_EQ(parsed(read(path_))["user_agent"],
            std::string("\\xFF \\xC0\\xAF \\xED\\xA0\\x80 \n\0\x7f \\xE2\\x82", 39));
}

TEST_F(LogTest, AJsonLineIsValidHoweverLongItsFieldsAre) {
  const std::string longOnes[] = {std::string(100000, '\x80'), std::string(100000, '"'),
                                  std::string(100000, 'a'), [] {
                                    std::string euros;
                                    while (euros.size() < 100000) euros += "\xe2\x82\xac";
                                    return euros;
                                  }()};
  for (const std::string& text : longOnes) {
    {
      auto writer = open();
      AccessLog log(*writer, AccessLog::Format::kJson);
      http::AccessRecord longOne = record();
      longOne.method = longOne.target = longOne.referer = longOne.userAgent = text;
      longOne.failure = http::FailureCause::kRefused;
      log.write(longOne);
    }
    std::string line = read(path_);
    auto fields = parsed(line);
    for (const char* name : {"method", "target", "referer", "user_agent"}) {
      EXPECT_TRUE(fields[name].ends_with("...")) << name << ": " << line.substr(0, 200);
    }
    EXPECT_EQ(fields["request_id"], "0123456789abcdef0123456789abcdef");
    EXPECT_EQ(fields["failure"], "connection_refused");
    EXPECT_EQ(fields["status"], "200");
    ::unlink(path_.c_str());
  }
}

TEST_F(LogTest, SeveralThreadsLoseNothingWhileTheWriterKeepsUp) {
  constexpr int kThreads = 4, kLines = 5000;
  {
    auto writer = open();
    std::vector<std::unique_ptr<AccessLog>> logs;
    for (int i = 0; i < kThreads; ++i) {
      logs.push_back(std::make_unique<AccessLog>(*writer, AccessLog::Format::kCombined));
    }
    std::vector<std::thread> threads;
    for (auto& log : logs) {
      threads.emplace_back([&] {
        for (int i = 0; i < kLines; ++i) {
          log->write(record());
          // A ring holds more than a thousand lines: wait for half of that to be written.
          if (i % 500 == 499) {
            auto size = read(path_).size();
            until([&] { return read(path_).size() > size || i == kLines - 1; });
          }
        }
      });
    }
    for (auto& thread : threads) thread.join();
  }
  std::string lines = read(path_);
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), kThreads * kLines);
}

TEST_F(LogTest, APipeThatNobodyReadsBlocksNobodyAndTheLossIsTold) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  auto writer = LogWriter::open("/proc/self/fd/" + std::to_string(ends[1]));
  ASSERT_TRUE(writer.ok());
  AccessLog log(**writer, AccessLog::Format::kCombined);
  for (int i = 0; i < 50000; ++i) log.write(record());  // far more than ring and pipe hold
  ::close(ends[1]);
  std::string seen;
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  EXPECT_TRUE(until([&] {
    char bytes[65536];
    ssize_t got = ::read(ends[0], bytes, sizeof bytes);
    if (got > 0) seen.append(bytes, static_cast<size_t>(got));
    return seen.find("lines were lost") != std::string::npos;
  }));
  ::close(ends[0]);
  log.write(record());  // and now the reader is gone
}

/// A pipe with nothing but room for the test's own end.
class FullPipe {
 public:
  FullPipe() {
    EXPECT_EQ(::pipe2(ends_, O_CLOEXEC | O_NONBLOCK), 0);
    const std::string block(4096, 'x');
    while (::write(ends_[1], block.data(), block.size()) > 0) {
    }
    // As a shell hands it on: others share the description, which blocks.
    ::fcntl(ends_[1], F_SETFL, 0);
  }
  ~FullPipe() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  int reader() const { return ends_[0]; }
  int writer() const { return ends_[1]; }

 private:
  int ends_[2];
};

/// Puts another descriptor in the place of a standard stream, as long as it lives.
class StreamInstead {
 public:
  StreamInstead(int stream, int fd) : stream_(stream), kept_(::dup(stream)) { ::dup2(fd, stream); }
  ~StreamInstead() {
    ::dup2(kept_, stream_);
    ::close(kept_);
  }

 private:
  int stream_, kept_;
};

TEST_F(LogTest, AWriterEndsThoughNobodyReadsItsPipe) {
  FullPipe pipe;
  std::atomic<bool> ended{false};
  std::thread logging([&] {
    StreamInstead instead(STDOUT_FILENO, pipe.writer());
    {
      auto writer = LogWriter::open("/dev/stdout");
      ASSERT_TRUE(writer.ok());
      for (int i = 0; i < 10; ++i) (*writer)->submit("a line that nobody will read\n");
    }
    ended = true;
  });
  EXPECT_TRUE(until([&] { return ended.load(); }));
  char bytes[65536];
  while (!ended && ::read(pipe.reader(), bytes, sizeof bytes) > 0) {
  }
  logging.join();
  EXPECT_NE(::fcntl(pipe.writer(), F_GETFL) & O_NONBLOCK, O_NONBLOCK)
      << "the description that others share stays as it was";
}

TEST_F(LogTest, ErrorLinesWaitForNobodyBeforeThereIsAWriter) {
  FullPipe pipe;
  std::atomic<bool> ended{false};
  std::thread logging([&] {
    StreamInstead instead(STDERR_FILENO, pipe.writer());
    for (int i = 0; i < 3; ++i) error(Level::kError, "nobody reads this");
    ended = true;
  });
  EXPECT_TRUE(until([&] { return ended.load(); }));
  char bytes[65536];
  while (!ended && ::read(pipe.reader(), bytes, sizeof bytes) > 0) {
  }
  logging.join();
}

TEST_F(LogTest, LinesThatNoPipeTakesDoNotPileUp) {
  FullPipe pipe;
  StreamInstead instead(STDOUT_FILENO, pipe.writer());
  auto writer = LogWriter::open("/dev/stdout");
  ASSERT_TRUE(writer.ok());
  const std::string line = std::string(1000, 'y') + "\n";
  // The writer takes some over and keeps them; once it holds enough the queue fills.
  ASSERT_TRUE(until([&] {
    for (int i = 0; i < 100; ++i) (*writer)->submit(line);
    return (*writer)->lost() > 10000;
  }));
}

TEST_F(LogTest, WhatSharesAPipeGetsWholeLines) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  auto output = LogOutput::open("/proc/self/fd/" + std::to_string(ends[1]));
  ASSERT_TRUE(output.ok());
  std::string lines;
  for (int i = 0; i < 100; ++i) lines += std::string(97, 'z') + "\n";
  while (!lines.empty()) {
    auto outcome = output->write(lines);
    ASSERT_EQ(outcome.state, LogOutput::State::kWritten);
    ASSERT_GT(outcome.bytes, 0u);
    EXPECT_EQ(outcome.bytes % 98, 0u);
    lines.erase(0, outcome.bytes);
  }
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(LogTest, ANamedPipeThatNobodyReadsIsRefusedInsteadOfWaitedFor) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  auto writer = LogWriter::open(path_);
  ASSERT_FALSE(writer.ok());
  EXPECT_NE(writer.error().message.find("nobody reads from it"), std::string::npos);
}

TEST_F(LogTest, AfterAReopenLinesGoToAFreshFile) {
  auto writer = open();
  writer->submit("one\n");
  ASSERT_TRUE(until([&] { return read(path_) == "one\n"; }));
  ASSERT_EQ(::rename(path_.c_str(), (folder_ + "/moved.log").c_str()), 0);
  writer->reopen();
  ASSERT_TRUE(until([&] { return ::access(path_.c_str(), F_OK) == 0; }));
  writer->submit("two\n");
  EXPECT_TRUE(until([&] { return read(path_) == "two\n"; }));
  EXPECT_EQ(read(folder_ + "/moved.log"), "one\n");
}

TEST_F(LogTest, APathThatCannotBeOpenedIsNamed) {
  auto writer = LogWriter::open("/nowhere/access.log");
  ASSERT_FALSE(writer.ok());
  EXPECT_NE(writer.error().message.find("/nowhere/access.log"), std::string::npos);
}

TEST_F(LogTest, ErrorsHaveALevelAndControlBytesAreEscaped) {
  {
    auto writer = open();
    setErrorWriter(writer.get());
    setLevel(Level::kWarn, std::chrono::seconds(0));
    error(Level::kInfo, "not this");
    error(Level::kError, "one\ntwo");
    setErrorWriter(nullptr);
  }
  std::string line = read(path_);
  EXPECT_EQ(line.find("not this"), std::string::npos);
  EXPECT_NE(line.find(" [error] "), std::string::npos) << line;
  EXPECT_NE(line.find(": one\\x0Atwo\n"), std::string::npos) << line;
  setLevel(Level::kNotice, std::chrono::seconds(0));
}

TEST(ErrorLog, LevelsHaveTheNamesThatSettingsUse) {
  EXPECT_EQ(parseLevel("crit"), Level::kCrit);
  EXPECT_EQ(parseLevel("loud"), std::nullopt);
  EXPECT_EQ(nameOf(Level::kEmerg), "emerg");
}

}  // namespace
}  // namespace tollgate::log
