#include "source/schema/multipart.h"

#include <optional>

#include "source/base/ascii.h"
#include "source/base/trim.h"

namespace tollgate::schema {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

/// Where a field's next parameter ends: at a semicolon that stands in no quotes.
size_t parameterEnd(std::string_view text) {
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && quoted) {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == ';' && !quoted) {
      return i;
    }
  }
  return text.size();
}

std::string unquoted(std::string_view text) {
  if (text.empty() || text.front() != '"') return std::string(text);
  std::string out;
  for (size_t i = 1; i < text.size() && text[i] != '"'; ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    out += text[i];
  }
  return out;
}

/// A boundary line, RFC 2046 section 5.1.1.
struct Delimiter {
  size_t begin;   ///< Of the line feed before it, or of the body.
  size_t dashes;  ///< Where the line itself begins.
  size_t end;     ///< Behind its line feed; of the closing one behind its dashes.
  bool closing;
};

std::optional<Delimiter> nextDelimiter(std::string_view body, std::string_view mark, size_t from) {
  for (size_t at = body.find(mark, from); at != std::string_view::npos;
       at = body.find(mark, at + 1)) {
    const bool first = at == 0;
    if (!first && (at < 2 || body.substr(at - 2, 2) != kLineEnd)) continue;
    Delimiter out{first ? at : at - 2, at, at + mark.size(), false};
    if (out.begin < from && !first) out.begin = from;  // right behind a line of its own kind
    if (body.substr(out.end, 2) == "--") {
      out.end += 2;
      out.closing = true;
      return out;
    }
    while (out.end < body.size() && (body[out.end] == ' ' || body[out.end] == '\t')) ++out.end;
    if (body.substr(out.end, 2) != kLineEnd) continue;  // a longer line that begins alike
    out.end += 2;
    return out;
  }
  return std::nullopt;
}

/// What a header field of a part says; "" if there is none.
std::string_view fieldOf(std::string_view head, std::string_view name) {
  while (!head.empty()) {
    const size_t end = head.find(kLineEnd);
    const std::string_view line = head.substr(0, end);
    const size_t colon = line.find(':');
    if (colon != std::string_view::npos &&
        equalsIgnoreCase(trimmed(line.substr(0, colon), kWhiteSpace), name)) {
      return trimmed(line.substr(colon + 1), kWhiteSpace);
    }
    head = end == std::string_view::npos ? "" : head.substr(end + kLineEnd.size());
  }
  return {};
}

/// Fills in what stands between two boundary lines.
void readPart(std::string_view content, MultipartForm::Part& part) {
  size_t headEnd = 0;
  if (content.starts_with(kLineEnd)) {
    part.value = content.substr(2);
  } else if (headEnd = content.find("\r\n\r\n"); headEnd != std::string_view::npos) {
    part.value = content.substr(headEnd + 4);
  } else {
    headEnd = content.size();
  }
  const std::string_view head = content.substr(0, headEnd);
  part.name = parameterOf(fieldOf(head, "content-disposition"), "name");
  const std::string_view type = fieldOf(head, "content-type");
  constexpr std::string_view kJson = "application/json";
  part.json = equalsIgnoreCase(type.substr(0, kJson.size()), kJson);
}

}  // namespace

std::string parameterOf(std::string_view field, std::string_view name) {
  field.remove_prefix(parameterEnd(field));
  while (!field.empty()) {
    field.remove_prefix(1);
    const size_t end = parameterEnd(field);
    const std::string_view one = field.substr(0, end);
    const size_t equals = one.find('=');
    if (equals != std::string_view::npos &&
        equalsIgnoreCase(trimmed(one.substr(0, equals), kWhiteSpace), name)) {
      return unquoted(trimmed(one.substr(equals + 1), kWhiteSpace));
    }
    field.remove_prefix(end);
  }
  return {};
}

Result<MultipartForm> MultipartForm::parse(std::string_view body, std::string_view contentType) {
  const std::string boundary = parameterOf(contentType, "boundary");
  if (boundary.empty()) return Error::invalid("multipart body without a boundary in Content-Type");
  const std::string mark = "--" + boundary;
  MultipartForm out;
  auto at = nextDelimiter(body, mark, 0);
  if (at) out.preamble = body.substr(0, at->dashes);
  while (at && !at->closing) {
    const auto next = nextDelimiter(body, mark, at->end);
    if (!next) break;
    Part& part = out.parts.emplace_back();
    part.whole = body.substr(at->dashes, next->dashes - at->dashes);
    readPart(body.substr(at->end, next->begin - at->end), part);
    at = next;
  }
  if (!at || !at->closing) {
    return Error::invalid("multipart body ends without its closing boundary");
  }
  out.closing = body.substr(at->dashes);
  return out;
}

std::string MultipartForm::without(std::string_view name) const {
  std::string out(preamble);
  for (const Part& part : parts) {
    if (part.name != name) out.append(part.whole);
  }
  return out.append(closing);
}

}  // namespace tollgate::schema
