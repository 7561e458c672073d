#include "filters/http/syslog/local_syslog.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "filters/http/common/severity.h"
#include "test/client/support.h"

namespace tollgate::filters::syslog {
namespace {

TEST(MessageOf, IsWhatSyslogWrites) {
  std::tm time{};
  time.tm_mon = 10;
  time.tm_mday = 3;
  time.tm_hour = 15;
  time.tm_sec = 7;
  EXPECT_EQ(messageOf(19, 6, time, 12, "{}"), "<158>Nov  3 15:00:07 kong[12]: {}");
}

struct Severities {
  std::string log_level() const { return "warning"; }
  std::string successful_severity() const { return "info"; }
  std::string client_errors_severity() const { return "warning"; }
  std::string server_errors_severity() const { return "crit"; }
};

TEST(SeverityRule, GoesByTheStatusAndSendsWhatIsSevereEnough) {
  const SeverityRule rule{Severities()};
  EXPECT_EQ(rule.of(200), std::nullopt);
  EXPECT_EQ(rule.of(399), std::nullopt);
  EXPECT_EQ(rule.of(400), 4);
  EXPECT_EQ(rule.of(499), 4);
  EXPECT_EQ(rule.of(500), 2);
}

class LocalSyslogTest : public client::ServicesTest {
 protected:
  LocalSyslogTest() : path_(testing::TempDir() + "syslog_" + std::to_string(::getpid())) {}
  ~LocalSyslogTest() override { close(); }
  void open() {
    ::unlink(path_.c_str());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.data(), path_.size());
    fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
    ::unlink(path_.c_str());
  }
  std::string next() {
    char bytes[4096];
    const ssize_t got = ::recv(fd_, bytes, sizeof bytes, MSG_DONTWAIT);
    return got < 0 ? "" : std::string(bytes, static_cast<size_t>(got));
  }
  std::string path_;
  int fd_ = -1;
};

TEST_F(LocalSyslogTest, SendsMessagesAndFindsALogThatWasStartedAnew) {
  open();
  LocalSyslog log(worker(), path_);
  log.write(1, 6, "one");
  const std::string first = next();
  EXPECT_TRUE(first.starts_with("<14>")) << first;
  EXPECT_TRUE(first.ends_with("kong[" + std::to_string(::getpid()) + "]: one")) << first;
  close();
  open();
  log.write(1, 3, "two");
  EXPECT_TRUE(next().ends_with(": two"));
  EXPECT_EQ(counted("tollgate_log_records_sent_total", {"syslog"}), 2);
}

TEST_F(LocalSyslogTest, TellsOfALogThatIsNotThere) {
  LocalSyslog log(worker(), path_);
  log.write(1, 6, "one");
  EXPECT_TRUE(log_.have("syslog: " + path_ + ": No such file or directory; records are lost"));
  EXPECT_EQ(counted("tollgate_log_records_lost_total", {"syslog"}), 1);
}

TEST_F(LocalSyslogTest, LosesWhatTheLogDoesNotTakeAtOnce) {
  open();
  LocalSyslog log(worker(), path_);
  const std::string large(1000, 'x');
  for (int i = 0; i < 10000 && counted("tollgate_log_records_lost_total", {"syslog"}) == 0; ++i) {
    log.write(1, 6, large);
  }
  EXPECT_TRUE(log_.have("it does not read fast enough"));
}

}  // namespace
}  // namespace tollgate::filters::syslog
