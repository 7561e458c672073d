// Lines of the access log: whatever a client sends, one line of printable characters, and as JSON
// one object that tells what was sent.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "source/base/json.h"
#include "source/log/access_log.h"

namespace {

using namespace tollgate;

/// The fields of a request, in turn what stands between line feeds.
struct Fields {
  explicit Fields(std::string_view bytes) : rest(bytes) {}
  std::string_view next() {
    const size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view field = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return field;
  }
  std::string_view rest;
};

std::string lineOf(const http::AccessRecord& record, log::AccessLog::Format format) {
  const int fd = memfd_create("log", MFD_CLOEXEC);
  if (fd < 0) std::abort();
  {
    auto writer = log::LogWriter::open("/proc/self/fd/" + std::to_string(fd));
    if (!writer) std::abort();
    log::AccessLog(**writer, format).write(record);
  }
  std::string out(static_cast<size_t>(lseek(fd, 0, SEEK_END)), '\0');
  if (pread(fd, out.data(), out.size(), 0) != static_cast<ssize_t>(out.size())) std::abort();
  close(fd);
  return out;
}

void checkLine(const std::string& line) {
  if (line.empty() || line.find('\n') != line.size() - 1) std::abort();
  for (size_t i = 0; i + 1 < line.size(); ++i) {
    if (static_cast<unsigned char>(line[i]) < 0x20 || line[i] == 0x7f) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Fields fields({reinterpret_cast<const char*>(data), size});
  http::AccessRecord record{};
  record.unixMillis = 1700000000123;
  record.clientIp = "192.0.2.1";
  record.requestId = "0123456789abcdef0123456789abcdef";
  record.version = size % 2 == 0 ? http::Version::kHttp2 : http::Version::kHttp11;
  record.status = 200 + static_cast<int>(size % 400);
  record.bodyBytes = size;
  record.method = fields.next();
  record.target = fields.next();
  record.referer = fields.next();
  record.userAgent = fields.rest;
  checkLine(lineOf(record, log::AccessLog::Format::kCombined));
  const std::string line = lineOf(record, log::AccessLog::Format::kJson);
  checkLine(line);
  auto parsed = Json::parse(line, nullptr, false);
  if (!parsed.is_object() || parsed.value("status", 0) != record.status) std::abort();
  if (parsed.value("request_id", "") != record.requestId) std::abort();
  return 0;
}
