#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "source/http/filter_services.h"

namespace tollgate::filters::file_log {

/// A file that lines are appended to, with blocking calls; one thread at a time.
class AppendFile {
 public:
  /// How long a pipe or terminal may take nothing.
  static constexpr int kWaitMillis = 1000;

  AppendFile(std::string path, bool reopen) : path_(std::move(path)), reopen_(reopen) {}
  ~AppendFile() { close(); }
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;

  /// Whole lines. "" or why not all of them were written: "No space left on device".
  std::string append(std::string_view lines);

 private:
  std::string open();
  void close();

  const std::string path_;
  const bool reopen_;
  int fd_ = -1;
};

/// The records of one worker for one file: they wait here while a thread of the offload pool writes
/// those before them. What does not fit is dropped, counted and told.
class RecordFile final : public ::tollgate::http::WorkerState {
 public:
  /// Records that wait for the file.
  static constexpr size_t kMaxWaitingBytes = 4 * 1024 * 1024;

  RecordFile(::tollgate::http::WorkerServices& services, const std::string& path, bool reopen);
  ~RecordFile() override;

  /// `line`: without its end.
  void write(std::string_view line);
  bool busy() const override { return writing_ || !waiting_.empty(); }

 private:
  struct Written {
    std::string error;
    size_t bytes = 0, lines = 0;
  };
  void flush();
  void onWritten(const Written& written);
  void lose(size_t lines, std::string_view reason);

  ::tollgate::http::WorkerServices& services_;
  const std::string name_;
  std::shared_ptr<AppendFile> file_;
  std::string waiting_;
  size_t waitingLines_ = 0;
  bool writing_ = false;
  ::tollgate::stats::Counter &written_, &lost_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  event::MemberTimer<RecordFile, &RecordFile::flush> again_{*this};
};

}  // namespace tollgate::filters::file_log
