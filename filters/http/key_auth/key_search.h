#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "source/base/arena.h"
#include "source/buffer/buffer.h"
#include "source/http/header_map.h"

/// Finding a credential by name in the parts of a request, and taking it out again.
namespace tollgate::filters::key_auth {

/// What stands under one name.
struct Found {
  enum class Kind {
    kNothing,    ///< Missing, or no string.
    kText,       ///< One value, perhaps empty.
    kDuplicate,  ///< Several values.
  };
  Kind kind = Kind::kNothing;
  std::string_view text;  ///< kText: lives in the request or the arena.
};

/// A name under which a credential may stand.
struct KeyName {
  explicit KeyName(std::string_view text) : text(text), code(::tollgate::http::codeOf(text)) {}
  std::string text;
  ::tollgate::http::HeaderCode code;  ///< As the name of a header.
};

inline Found findInHeaders(const ::tollgate::http::HeaderMap& headers, const KeyName& name) {
  const ::tollgate::http::Header* first = name.code != ::tollgate::http::HeaderCode::kOther
                                              ? headers.find(name.code)
                                              : headers.find(name.text);
  if (first == nullptr) return {};
  const bool more = headers.next(*first) != nullptr;
  return {more ? Found::Kind::kDuplicate : Found::Kind::kText, first->value()};
}

/// Looks among the first 100 arguments of a query ("a=b&c=d"), or of a form. Names are compared
/// literally after decoding; an argument without '=' is no string.
Found findInArguments(std::string_view arguments, std::string_view name, Arena& arena);
/// A body of type form, multipart or JSON. Made only for requests whose body may hold the key.
class BodyFields {
 public:
  BodyFields(std::string_view contentType, std::string body);
  Found find(std::string_view name, Arena& arena) const;
  /// The body without the field, in its own type; nothing if it could not be read.
  std::optional<std::string> without(std::string_view name) const;

 private:
  enum class Type { kUnknown, kForm, kMultipart, kJson };
  Type type_ = Type::kUnknown;
  std::string contentType_;
  std::string body_;
};

}  // namespace tollgate::filters::key_auth
