#include "source/config/compiled_credentials.h"

#include "source/config/document.h"
#include "source/config/unopened.h"

namespace tollgate::config {

CompiledCredentials::CompiledCredentials(size_t kind, SnapshotDirectory& directory,
                                         CompiledConsumers& consumers)
    : kind_(http::CredentialKinds::all()[kind]),
      schema_(*schema::EntitySchema::find(kind_.name)),
      field_(schema_.foundBy()),
      byValue_(directory.credentials[kind]),
      consumers_(consumers) {}

void CompiledCredentials::put(const std::string& id, const Json& doc) {
  remove(id);
  const std::string value = textOf(doc, field_.c_str());
  const std::string consumer = referenceOf(doc, "consumer");
  if (value.empty() || consumer.empty()) return;
  Json known = doc;
  emptyUnopened(schema_, known);
  auto entry = CredentialEntry::make(id, value, consumers_.hold(consumer), kind_.read(known));
  byValue_.put(entry);
  byId_.put(std::move(entry));
}

void CompiledCredentials::remove(const std::string& id) {
  Ref<const CredentialEntry> entry(byId_.find(id));
  if (!entry) return;
  byId_.erase(id);
  if (byValue_.find(entry->value) == entry.get()) byValue_.erase(entry->value);
  consumers_.release(entry->consumer);
}

}  // namespace tollgate::config
