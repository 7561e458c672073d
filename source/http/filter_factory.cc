#include "source/http/filter_factory.h"

namespace tollgate::http {

namespace {
std::vector<std::unique_ptr<HttpFilterFactory>>& factories() {
  static std::vector<std::unique_ptr<HttpFilterFactory>> all;
  return all;
}
}  // namespace

void HttpFilterRegistry::add(std::unique_ptr<HttpFilterFactory> factory) {
  if (find(factory->name()) == nullptr) factories().push_back(std::move(factory));
}

const HttpFilterFactory* HttpFilterRegistry::find(std::string_view name) {
  for (const auto& factory : factories()) {
    if (factory->name() == name) return factory.get();
  }
  return nullptr;
}

const std::vector<std::unique_ptr<HttpFilterFactory>>& HttpFilterRegistry::all() {
  return factories();
}

}  // namespace tollgate::http
