#include "source/admin/errors.h"

#include <fmt/format.h>

namespace tollgate::admin {

Reply message(int status, std::string text) {
  return Reply::of(status, {{"message", std::move(text)}});
}

Reply notFound() { return message(404, "Not found"); }

Reply methodNotAllowed() { return message(405, "Method not allowed"); }

Reply unexpected() { return message(500, "An unexpected error occurred"); }

Reply htmlPage(int status, std::string_view title) {
  Reply reply;
  reply.status = status;
  reply.contentType = "text/html; charset=UTF-8";
  reply.text = fmt::format(
      "<html>\r\n<head><title>{0} {1}</title></head>\r\n<body>\r\n<center><h1>{0} {1}</h1></center>"
      "\r\n</body>\r\n</html>\r\n",
      status, title);
  return reply;
}

Reply failure(int status, int code, std::string name, std::string text, Json details) {
  Json body = {{"code", code}, {"name", std::move(name)}, {"message", std::move(text)}};
  if (!details.is_null()) body[code == 11 ? "options" : "fields"] = std::move(details);
  return Reply::of(status, std::move(body));
}

Reply violation(const schema::Violations& violations) {
  return failure(400, 2, "schema violation", violations.message(), violations.fields);
}

Reply missingEntity(const Json& key) {
  const bool byId = key.contains("id");
  return failure(404, 6, "not found",
                 fmt::format("could not find the entity with {}'{}'", byId ? "primary key " : "",
                             keyText(key)),
                 key);
}

Reply nullPrimaryKey() {
  return failure(400, 3, "primary key violation",
                 "primary key violation on key '{id=\"userdata: NULL\"}'", {{"id", nullptr}});
}

Reply refused(const store::Refusal& refusal, const Json& doc, std::string_view onKey) {
  using Kind = store::Refusal::Kind;
  Json fields = refusal.fields;
  Kind kind = refusal.kind;
  if (kind == Kind::kPrimaryKey && !onKey.empty()) {
    kind = Kind::kUnique;
    fields = {{std::string(onKey), doc.value(std::string(onKey), Json())}};
  }
  switch (kind) {
    case Kind::kUnique:
      return failure(409, 5, "unique constraint violation",
                     fmt::format("UNIQUE violation detected on '{}'", keyText(fields)), fields);
    case Kind::kPrimaryKey:
      return failure(400, 3, "primary key violation",
                     fmt::format("primary key violation on key '{}'", keyText(fields)), fields);
    case Kind::kForeignMissing: {
      const Json target = fields.is_object() ? fields.value(refusal.field, Json()) : Json();
      return failure(400, 4, "foreign key violation",
                     fmt::format("the foreign key '{}' does not reference an existing '{}' entity.",
                                 keyText(target), refusal.otherKind),
                     fields);
    }
    case Kind::kReferenced:
      return failure(400, 4, "foreign key violation",
                     fmt::format("an existing '{}' entity references this '{}' entity",
                                 refusal.otherKind, refusal.entityKind),
                     {{"@referenced_by", refusal.otherKind}});
    case Kind::kNotFound:
      return missingEntity(fields);
    case Kind::kChanged:
      return message(409, fmt::format("the '{}' entity {} has changed meanwhile",
                                      refusal.entityKind, keyText(fields)));
    case Kind::kUnavailable:
      break;
  }
  return message(503, refusal.message);
}

Reply storeFailed(const Error& error) {
  if (error.kind == Error::Kind::kUnavailable) return message(503, error.message);
  if (error.kind == Error::Kind::kInternal) return message(500, error.message);
  return unexpected();
}

void Reply::warn(std::string_view text) {
  std::string value = "199 tollgate \"";
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') value += '\\';
    value += byte < 0x20 || byte > 0x7e ? '?' : c;
  }
  headers.emplace_back("Warning", value + '"');
}

std::string keyText(const Json& key) {
  if (key.is_string()) return "\"" + key.get<std::string>() + "\"";
  if (!key.is_object()) return key.dump();
  std::string out;
  for (const auto& [name, value] : key.items()) {
    out += (out.empty() ? "" : ",") + name + "=" + keyText(value);
  }
  return "{" + out + "}";
}

}  // namespace tollgate::admin
