#include "filters/http_filters.h"

#include "filters/http/common/http_filter_entry.h"
#include "source/schema/plugin_config.h"

namespace tollgate::filters {

void registerHttpFilters() {
  registerHttpFilterConfigs();
  for (const HttpFilterEntry* entry : httpFilters()) {
    ::tollgate::http::HttpFilterRegistry::add(entry->makeFactory());
    if (!entry->credentialKind.empty()) {
      ::tollgate::http::CredentialKinds::add(entry->credentialKind, entry->readCredential);
    }
  }
}

void registerHttpFilterConfigs() {
  for (const HttpFilterEntry* entry : httpFilters()) {
    schema::PluginConfig::add(*entry->config, entry->check);
  }
}

}  // namespace tollgate::filters
