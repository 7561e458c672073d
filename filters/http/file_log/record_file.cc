#include "filters/http/file_log/record_file.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace tollgate::filters::file_log {
namespace {

namespace engine = ::tollgate::http;

constexpr mode_t kMode = 0644;
constexpr std::chrono::milliseconds kAgain{50};  // until a full pool of threads is asked again

stats::Counter& counterOf(engine::WorkerServices& services, const char* name, const char* help) {
  return services.counter({name, help, stats::Kind::kCounter, stats::Unit::kNone, {}}, {});
}

}  // namespace

std::string AppendFile::open() {
  if (fd_ >= 0) return "";
  // Not blocking, so that a pipe that nobody reads cannot keep a thread.
  fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOCTTY,
               kMode);
  if (fd_ >= 0) return "";
  return errno == ENXIO ? "nobody reads from it" : std::strerror(errno);
}

void AppendFile::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

std::string AppendFile::append(std::string_view lines) {
  if (reopen_) close();
  if (std::string error = open(); !error.empty()) return error;
  while (!lines.empty()) {
    const ssize_t wrote = ::write(fd_, lines.data(), lines.size());
    if (wrote >= 0) {
      lines.remove_prefix(static_cast<size_t>(wrote));
      continue;
    }
    if (errno == EINTR) continue;
    const int error = errno;
    pollfd ready{fd_, POLLOUT, 0};
    if (error == EAGAIN && ::poll(&ready, 1, kWaitMillis) == 1) continue;
    close();  // it may be another one by its name now
    return error == EAGAIN ? "it takes nothing" : std::strerror(error);
  }
  return "";
}

RecordFile::RecordFile(engine::WorkerServices& services, const std::string& path, bool reopen)
    : services_(services),
      name_("file-log: " + path),
      file_(std::make_shared<AppendFile>(path, reopen)),
      written_(counterOf(services, "tollgate_file_log_records_written_total",
                         "Records that file-log has written.")),
      lost_(counterOf(services, "tollgate_file_log_records_lost_total",
                      "Records that file-log could not write, or not fast enough.")) {}

RecordFile::~RecordFile() {
  if (waitingLines_ > 0)
    lose(waitingLines_, "the process or the plugin ended before they were written");
  services_.process().queueMemory().giveBack(waiting_.size());
}

void RecordFile::write(std::string_view line) {
  const size_t bytes = line.size() + 1;
  if (waiting_.size() + bytes > kMaxWaitingBytes) return lose(1, "it is not written fast enough");
  if (!services_.process().queueMemory().take(bytes)) {
    return lose(1, "the node's queue_memory is used up");
  }
  waiting_.append(line).push_back('\n');
  ++waitingLines_;
  if (!writing_ && !again_.armed()) flush();
}

/// Has what waits written, all at once.
void RecordFile::flush() {
  if (writing_ || waiting_.empty()) return;
  auto lines = std::make_shared<std::string>(std::move(waiting_));
  waiting_.clear();
  const size_t count = std::exchange(waitingLines_, 0);
  writing_ = services_.process().offload().compute(
      services_.loop(),
      [file = file_, lines, count] {
        return Written{file->append(*lines), lines->size(), count};
      },
      [this, alive = std::weak_ptr<bool>(alive_),
       &memory = services_.process().queueMemory()](const Written& written) {
        memory.giveBack(written.bytes);
        if (!alive.expired()) onWritten(written);
      });
  if (writing_) return;
  waiting_ = std::move(*lines);
  waitingLines_ = count;
  services_.loop().arm(again_, kAgain);
}

void RecordFile::onWritten(const Written& written) {
  writing_ = false;
  if (written.error.empty()) {
    written_.add(written.lines);
  } else {
    lose(written.lines, written.error);
  }
  flush();
}

void RecordFile::lose(size_t lines, std::string_view reason) {
  lost_.add(lines);
  services_.process().warn(name_ + std::string(reason),
                           name_ + ": " + std::to_string(lines) +
                               (lines == 1 ? " record is" : " records are") +
                               " lost: " + std::string(reason));
}

}  // namespace tollgate::filters::file_log
