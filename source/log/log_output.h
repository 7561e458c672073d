#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "source/base/result.h"

namespace tollgate::log {

/// The file, pipe, socket or terminal that a log goes to. Writing never waits, as far as the
/// system can promise that: a disk or a terminal may still stop the thread that writes.
class LogOutput {
 public:
  /// `path`: a file (appended to, created with mode 0640), a named pipe that somebody reads, or a
  /// device such as /dev/stdout.
  static Result<LogOutput> open(const std::string& path);
  LogOutput(LogOutput&& other) noexcept;
  LogOutput& operator=(LogOutput&& other) noexcept;
  ~LogOutput();

  enum class State {
    kWritten,
    kFull,   ///< Nobody takes bytes now; see waitWritable().
    kBroken  ///< They cannot be written at all.
  };
  struct Outcome {
    State state;
    size_t bytes;
  };
  /// Writes from the front of `bytes`, ending with a line where that is possible: others may write
  /// to the same pipe.
  Outcome write(std::string_view bytes);
  /// Waits until bytes are taken, at most so long.
  void waitWritable(int milliseconds) const;

 private:
  enum class Kind { kFile, kPipe, kSocket };
  explicit LogOutput(int fd);

  int fd_ = -1;
  Kind kind_ = Kind::kFile;
  bool blocking_ = false;  ///< The description is shared with others and must stay as it is.
};

}  // namespace tollgate::log
