#include "filters/http/rate_limiting/resp.h"

#include <charconv>

namespace tollgate::filters::rate_limiting {
namespace {

constexpr size_t kMaxBytes = 64 * 1024;
constexpr int64_t kMaxItems = 64;

enum class Step { kDone, kNeedMore, kMalformed };

Step readLine(std::string_view& rest, std::string_view& line) {
  size_t end = rest.find("\r\n");
  if (end == std::string_view::npos)
    return rest.size() > kMaxBytes ? Step::kMalformed : Step::kNeedMore;
  line = rest.substr(0, end);
  rest.remove_prefix(end + 2);
  return Step::kDone;
}

bool readNumber(std::string_view text, int64_t& out) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

Step readBulk(std::string_view& rest, int64_t size, std::string& out) {
  if (size < 0) return Step::kDone;  // null
  if (size > static_cast<int64_t>(kMaxBytes)) return Step::kMalformed;
  auto length = static_cast<size_t>(size);
  if (rest.size() < length + 2) return Step::kNeedMore;
  if (rest.substr(length, 2) != "\r\n") return Step::kMalformed;
  out = rest.substr(0, length);
  rest.remove_prefix(length + 2);
  return Step::kDone;
}

Step readIntegers(std::string_view& rest, int64_t count, std::vector<int64_t>& out) {
  if (count < 0 || count > kMaxItems) return Step::kMalformed;
  for (int64_t i = 0; i < count; ++i) {
    std::string_view line;
    if (Step step = readLine(rest, line); step != Step::kDone) return step;
    int64_t value = 0;
    if (line.empty() || line.front() != ':' || !readNumber(line.substr(1), value))
      return Step::kMalformed;
    out.push_back(value);
  }
  return Step::kDone;
}

Step read(std::string_view& rest, Reply& reply) {
  std::string_view line;
  if (Step step = readLine(rest, line); step != Step::kDone) return step;
  if (line.empty()) return Step::kMalformed;
  char kind = line.front();
  line.remove_prefix(1);
  int64_t number = 0;
  if (kind != '+' && kind != '-' && !readNumber(line, number)) return Step::kMalformed;
  switch (kind) {
    case '+':
    case '-':
      reply.kind = kind == '+' ? Reply::Kind::kText : Reply::Kind::kError;
      reply.text = line;
      return Step::kDone;
    case ':':
      reply.kind = Reply::Kind::kInteger;
      reply.integers = {number};
      return Step::kDone;
    case '$':
      return readBulk(rest, number, reply.text);
    case '*':
      reply.kind = Reply::Kind::kIntegers;
      return readIntegers(rest, number, reply.integers);
    default:
      return Step::kMalformed;
  }
}

}  // namespace

ParsedReply parseReply(std::string_view bytes) {
  ParsedReply out;
  std::string_view rest = bytes;
  switch (read(rest, out.reply)) {
    case Step::kNeedMore:
      break;
    case Step::kMalformed:
      out.state = ParsedReply::State::kMalformed;
      break;
    case Step::kDone:
      out.state = ParsedReply::State::kDone;
      out.bytes = bytes.size() - rest.size();
  }
  return out;
}

std::string encodeCommand(const std::vector<std::string>& words) {
  std::string out = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) {
    out += "$" + std::to_string(word.size()) + "\r\n";
    out += word;
    out += "\r\n";
  }
  return out;
}

}  // namespace tollgate::filters::rate_limiting
