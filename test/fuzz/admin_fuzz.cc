// Requests to the Admin API: METHOD, target, the type of the body and the body, one a line. Every
// answer is one of the documented kind; a page leads to a page; and what a request would write is
// of the kind for which its caller needs a scope.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "filters/http/admin_auth/scope.h"
#include "filters/http_filters.h"
#include "source/admin/api.h"
#include "source/store/sqlite/sqlite_store.h"

namespace {

using namespace tollgate;

/// A node that writes nothing, but remembers what it should have written.
class Node final : public admin::ApiContext {
 public:
  Node() {
    filters::registerHttpFilterConfigs();
    auto opened = store::openMemory(store::KeyExtractor::fromSchemas());
    if (!opened.ok()) std::abort();
    store_ = std::move(opened).value();
    const Json service = {{"host", "h"}, {"name", "a"}, {"tags", {"t"}}};
    add("services", "00000000-0000-4000-8000-000000000001", service);
    const Json ref = {{"id", "00000000-0000-4000-8000-000000000001"}};
    add("routes", "00000000-0000-4000-8000-000000000002",
        {{"name", "r"}, {"paths", {"/"}}, {"service", ref}});
    add("consumers", "00000000-0000-4000-8000-000000000003", {{"username", "c"}, {"tags", {"t"}}});
    add("consumers", "00000000-0000-4000-8000-000000000004", {{"username", "d"}});
    add("upstreams", "00000000-0000-4000-8000-000000000005", {{"name", "u"}});
  }

  store::Store& store() override { return *store_; }
  std::variant<store::Commit, store::Refusal> commit(std::vector<store::Change> changes,
                                                     store::Reason) override {
    written = std::move(changes);
    return store::Refusal{};
  }
  double now() override { return 1700000000; }
  admin::NodeInfo node() override { return {"3.10.0", "fuzz", "0b1e7bd4", 1, {1}}; }
  Json configuration() override { return Json::object(); }
  admin::ServerCounters counters() override { return {}; }
  admin::MemoryUse memory() override { return {}; }
  std::vector<std::string> enabledPlugins() override { return {"key-auth"}; }
  bool pluginListed(std::string_view) override { return true; }
  admin::UpstreamHealth& upstreamHealth() override { return health_; }
  void logError(std::string_view) override {}

  std::vector<store::Change> written;

 private:
  void add(const std::string& kind, const std::string& id, Json body) {
    body["id"] = id;
    schema::Violations violations;
    Json doc = schema::EntitySchema::find(kind)->write(schema::WriteMode::kInsert, body, nullptr, 1,
                                                       violations);
    if (!violations.empty()) std::abort();
    store_->transact({{store::Change::Op::kInsert, kind, id, doc}}, {"fuzz", "fuzz"});
  }

  std::unique_ptr<store::Store> store_;
  admin::UncheckedHealth health_;
};

std::string_view takeLine(std::string_view& text) {
  std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

[[noreturn]] void fail(const admin::Request& request, const admin::Response& response,
                       const char* why) {
  std::fprintf(stderr, "%s %s: %d: %s\n%s\n", request.method.c_str(), request.target.c_str(),
               response.status, why, response.body.c_str());
  std::abort();
}

/// The collection that a scope names for a kind of the store.
std::string scopeOf(const std::string& kind) {
  return filters::admin_auth::accessOf("POST", "/" + kind).kind;
}

/// What comes first is what the request is about. Server names stand with their certificate, and a
/// new entity with the one that refers to it from then on.
bool isGranted(const std::vector<store::Change>& changes,
               const filters::admin_auth::Access& access) {
  if (changes.empty()) return true;
  if (!access.write || scopeOf(changes[0].kind) != access.kind) return false;
  for (size_t i = 1; i < changes.size(); ++i) {
    const store::Change& change = changes[i];
    const bool same = scopeOf(change.kind) == access.kind;
    const bool name = change.kind == "snis" && access.kind == "certificates";
    const bool referrer = i == 1 && change.op == store::Change::Op::kReplace;
    if (!same && !name && !referrer) return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Node& node = *new Node;
  static admin::Api& api = *new admin::Api(node);
  std::string_view text(reinterpret_cast<const char*>(data), size);
  admin::Request request;
  request.method = std::string(takeLine(text));
  request.target = std::string(takeLine(text));
  const std::string_view type = takeLine(text);
  if (!type.empty()) request.headers = {{"content-type", std::string(type)}};
  request.body = std::string(text);
  node.written.clear();
  const admin::Response response = api.handle(request);
  if (response.status < 200 || response.status > 599) fail(request, response, "no such status");
  if (response.status == 500) fail(request, response, "an unexpected error");
  const auto access = filters::admin_auth::accessOf(request.method, request.target);
  if (!isGranted(node.written, access)) fail(request, response, "needs another scope");
  if (request.method != "GET" || response.status != 200) return 0;
  const Json body = Json::parse(response.body, nullptr, false);
  if (body.is_discarded()) fail(request, response, "not JSON");
  if (!body.is_object() || !body.contains("next") || !body["next"].is_string()) return 0;
  request.target = body["next"].get<std::string>();
  const admin::Response next = api.handle(request);
  if (next.status != 200) fail(request, next, "the next page is none");
  return 0;
}
