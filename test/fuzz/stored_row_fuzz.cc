// Rows of the store, which another program or a hand may have changed: read as any JSON is, and a
// document of a shape that the program expects can be used in every way that a start uses it. The
// first line names the kind.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "source/schema/entity_schema.h"
#include "source/store/sealed/credentials.h"
#include "source/store/sealed/protector.h"
#include "source/store/stored_json.h"

namespace {

using namespace tollgate;

constexpr size_t kLongest = 4096;

store::Protector& protector() {
  static auto& made =
      *new store::Protector(std::make_shared<store::Credentials>("a secret of the fuzzer"),
                            store::Protector::Mode::kProtected);
  return made;
}

void use(const schema::EntitySchema& schema, Json doc) {
  if (!schema.misfit(doc).empty()) return;
  protector().open(schema.kind(), doc);
  (void)schema.uniqueKeys(doc);
  (void)schema.foreignKeys(doc);
  (void)schema.expired(doc, 1700000000);
  const auto replace = Json::error_handler_t::replace;
  (void)schema.print(doc, 1700000000).dump(-1, ' ', false, replace);
  (void)schema.masked(doc).dump(-1, ' ', false, replace);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const size_t line = all.find('\n');
  if (line == all.npos || size > kLongest) return 0;
  const std::string_view text = all.substr(line + 1);
  Json doc = store::parseStored(text);
  const Json plain = Json::parse(text, nullptr, false);
  // Nesting is the one thing in which the faster reader may be stricter.
  if (!doc.is_discarded() && doc != plain) std::abort();
  const auto* schema = schema::EntitySchema::find(all.substr(0, line));
  if (!doc.is_discarded() && schema != nullptr) use(*schema, std::move(doc));
  return 0;
}
