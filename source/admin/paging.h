#pragma once

#include <string>
#include <string_view>

#include "source/admin/reply.h"
#include "source/store/store.h"

/// The parameters of lists.
namespace tollgate::admin {

struct Page {
  size_t size = 100;
  Json after;            ///< The array in the offset, or null.
  std::string sizeText;  ///< As given, "" if not.
  std::string tagsText;
};

/// Reads the size alone.
Stop readSize(std::string_view query, Page& page);
/// Reads size and offset.
Stop readPage(std::string_view query, Page& page);
/// Reads `tags` into `list`.
Stop readTags(std::string_view query, Page& page, store::ListQuery& list);
/// {"data":…,"next":…,"offset":…}: `last` is the key of the last row when there are more, else
/// null. `path` begins "next".
Json pageBody(Json data, const Json& last, const std::string& path, const std::string& rest);

std::string encodeOffset(const Json& key);

}  // namespace tollgate::admin
