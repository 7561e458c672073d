#include "source/admin/paging.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "source/admin/body.h"
#include "source/admin/errors.h"
#include "source/crypto/base64.h"
#include "source/schema/json_text.h"

namespace tollgate::admin {
namespace {

constexpr size_t kMaxTags = 5;

Stop badOffset(const std::string& text, const char* why) {
  return failure(400, 7, "invalid offset",
                 "'" + text + "' is not a valid offset: bad " + why + " encoding", nullptr);
}

Stop badTags(const std::string& why) {
  return failure(400, 11, "invalid options", "invalid option (tags: " + why + ")", {{"tags", why}});
}

}  // namespace

Stop readSize(std::string_view query, Page& page) {
  if (auto size = queryValue(query, "size")) {
    char* end = nullptr;
    const double value = std::strtod(size->c_str(), &end);
    if (size->empty() || *end != '\0') {
      return failure(400, 9, "invalid size", "size must be a number", nullptr);
    }
    if (!(value >= 1 && value <= 1000) || value != std::floor(value)) {
      return failure(400, 9, "invalid size", "size must be an integer between 1 and 1000", nullptr);
    }
    page.size = static_cast<size_t>(value);
    page.sizeText = *size;
  }
  return {};
}

Stop readPage(std::string_view query, Page& page) {
  if (Stop stop = readSize(query, page)) return stop;
  auto offset = queryValue(query, "offset");
  if (!offset) return {};
  auto decoded = crypto::decodeAnyBase64(*offset);
  if (!decoded) return badOffset(*offset, "base64");
  Json key = schema::parseJson(*decoded);
  if (!key.is_array() || key.empty()) return badOffset(*offset, "json");
  for (const auto& part : key) {
    if (!part.is_string()) return badOffset(*offset, "json");
  }
  page.after = std::move(key);
  return {};
}

Stop readTags(std::string_view query, Page& page, store::ListQuery& list) {
  auto tags = queryValue(query, "tags");
  if (!tags) return {};
  if (tags->empty()) return badTags("cannot be null");
  const bool any = tags->find('/') != std::string::npos;
  if (any && tags->find(',') != std::string::npos) return badTags("invalid filter syntax");
  std::string_view rest = *tags;
  size_t count = 0;
  while (true) {
    size_t end = rest.find(any ? '/' : ',');
    std::string tag(rest.substr(0, end));
    const auto* services = schema::EntitySchema::find("services");
    // Behind a last separator stands a tag that nothing has.
    const bool last = end == std::string_view::npos && count > 0;
    if (tag.empty() ? !last
                    : (services && !services->checkField("tags", Json::array({tag})).empty())) {
      return badTags("invalid filter syntax");
    }
    ++count;
    if (std::find(list.tags.begin(), list.tags.end(), tag) == list.tags.end()) {
      list.tags.push_back(std::move(tag));
    }
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  if (count > kMaxTags) return badTags("cannot query more than 5 tags");
  list.allTags = !any;
  page.tagsText = *tags;
  return {};
}

Json pageBody(Json data, const Json& last, const std::string& path, const std::string& rest) {
  Json body = {{"data", std::move(data)}, {"next", nullptr}};
  if (last.is_null()) return body;
  std::string offset = encodeOffset(last);
  body["next"] = path + "?offset=" + encodeQuery(offset) + rest;
  body["offset"] = std::move(offset);
  return body;
}

std::string encodeOffset(const Json& key) {
  return crypto::encodeBase64(key.dump(-1, ' ', false, Json::error_handler_t::replace),
                              crypto::Base64::kStandardUnpadded);
}

}  // namespace tollgate::admin
