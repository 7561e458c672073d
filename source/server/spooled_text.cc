#include "source/server/spooled_text.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <istream>
#include <memory>
#include <sstream>
#include <streambuf>
#include <string_view>
#include <utility>

namespace tollgate::server {
namespace {

/// A file without a name.
class Spool {
 public:
  explicit Spool(int fd) : fd_(fd) {}
  Spool(const Spool&) = delete;
  ~Spool() { ::close(fd_); }
  int fd() const { return fd_; }

 private:
  int fd_;
};

/// Reads a spool from its beginning, whoever else reads it.
class SpoolBuffer final : public std::streambuf {
 public:
  explicit SpoolBuffer(std::shared_ptr<const Spool> spool) : spool_(std::move(spool)) {}

 protected:
  int_type underflow() override {
    ssize_t got = ::pread(spool_->fd(), buffer_.data(), buffer_.size(), offset_);
    if (got <= 0) return traits_type::eof();
    offset_ += got;
    setg(buffer_.data(), buffer_.data(), buffer_.data() + got);
    return traits_type::to_int_type(buffer_[0]);
  }

 private:
  std::shared_ptr<const Spool> spool_;
  off_t offset_ = 0;
  std::array<char, 65536> buffer_;
};

class SpoolStream final : public std::istream {
 public:
  explicit SpoolStream(std::shared_ptr<const Spool> spool)
      : std::istream(nullptr), buffer_(std::move(spool)) {
    rdbuf(&buffer_);
  }

 private:
  SpoolBuffer buffer_;
};

/// Null where the disk does not take it.
std::shared_ptr<const Spool> write(const std::string& folder, std::string_view text) {
  std::string path = folder + "/.declared-XXXXXX";
  const int fd = ::mkostemp(path.data(), O_CLOEXEC);
  if (fd < 0) return nullptr;
  ::unlink(path.c_str());
  auto spool = std::make_shared<const Spool>(fd);
  while (!text.empty()) {
    ssize_t wrote = ::write(fd, text.data(), text.size());
    if (wrote <= 0) return nullptr;
    text.remove_prefix(static_cast<size_t>(wrote));
  }
  return spool;
}

}  // namespace

store::TextSource spoolText(const std::string& folder, std::string name, std::string text) {
  using Stream = Result<std::unique_ptr<std::istream>>;
  store::TextSource out;
  out.name = std::move(name);
  if (auto spool = write(folder, text); spool != nullptr) {
    out.open = [spool]() -> Stream {
      return std::unique_ptr<std::istream>(std::make_unique<SpoolStream>(spool));
    };
  } else {
    auto kept = std::make_shared<const std::string>(std::move(text));
    out.open = [kept]() -> Stream {
      return std::unique_ptr<std::istream>(std::make_unique<std::istringstream>(*kept));
    };
  }
  return out;
}

}  // namespace tollgate::server
