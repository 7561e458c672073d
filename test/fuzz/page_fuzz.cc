// Offsets, sizes and tags of lists: refused, or read as they were written.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "source/admin/paging.h"
#include "source/admin/paths.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tollgate;
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const std::string& query :
       {text, "offset=" + text, "offset=" + admin::encodeQuery(text),
        "offset=" + admin::encodeQuery(admin::encodeOffset(Json::array({text})))}) {
    admin::Page page;
    store::ListQuery list;
    if (admin::readPage(query, page) || admin::readTags(query, page, list)) continue;
    if (page.size < 1 || page.size > 1000 || list.tags.size() > 5) std::abort();
    if (page.after.is_null()) continue;
    if (!page.after.is_array() || page.after.empty()) std::abort();
    admin::Page again;
    const std::string written = "offset=" + admin::encodeQuery(admin::encodeOffset(page.after));
    if (admin::readPage(written, again) || again.after != page.after) std::abort();
  }
  return 0;
}
