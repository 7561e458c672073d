#include "source/config/compiled_groups.h"

#include "source/config/document.h"
#include "source/http1/char_span.h"

namespace tollgate::config {

void CompiledGroups::put(const std::string& id, const Json& doc) {
  remove(id);
  std::string group = textOf(doc, "group");
  const std::string consumer = referenceOf(doc, "consumer");
  if (group.empty() || consumer.empty()) return;
  const uint32_t number = consumers_.hold(consumer);
  consumerOf_[id] = number;
  Rows& rows = rows_[number];
  rows[id] = std::move(group);
  publish(number, rows);
}

void CompiledGroups::remove(const std::string& id) {
  auto known = consumerOf_.find(id);
  if (known == consumerOf_.end()) return;
  const uint32_t consumer = known->second;
  consumerOf_.erase(known);
  auto rows = rows_.find(consumer);
  rows->second.erase(id);
  publish(consumer, rows->second);
  if (rows->second.empty()) rows_.erase(rows);
  consumers_.release(consumer);
}

void CompiledGroups::publish(uint32_t consumer, const Rows& rows) {
  Ref<const http::ConsumerGroups>& place = directory_.groups.edit(consumer);
  if (rows.empty()) {
    place = {};
    return;
  }
  auto groups = makeRef<http::ConsumerGroups>();
  for (const auto& [id, group] : rows) {
    groups->names.push_back(group);
    groups->joined += (groups->joined.empty() ? "" : ", ") + group;
  }
  groups->wellFormed = http1::isFieldValue(groups->joined);
  place = std::move(groups);
}

}  // namespace tollgate::config
