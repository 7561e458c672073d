#include "source/admin/config_endpoint.h"

#include <algorithm>

#include "source/admin/body.h"
#include "source/admin/errors.h"
#include "source/crypto/digest.h"
#include "source/store/file/export.h"
#include "source/store/file/import.h"

namespace tollgate::admin {
namespace {

constexpr int kInvalidConfig = 14;
constexpr size_t kMaxWarnings = 10;  ///< In the head of an answer.

/// A flag of the query or, for JSON and forms, of the body, out of which it is taken.
bool flag(Call& call, const char* name) {
  Json value = call.body.value(name, Json());
  call.body.erase(name);
  if (auto given = queryValue(call.query, name)) value = *given;
  static constexpr const char* kYes[] = {"1", "true", "on", "yes"};
  return value == true || value == 1 ||
         std::any_of(std::begin(kYes), std::end(kYes),
                     [&](const char* yes) { return value == yes; });
}

/// Values that are not set are left out.
Json withoutNulls(const Json& value) {
  if (value.is_array()) {
    Json out = Json::array();
    for (const Json& item : value) out.push_back(withoutNulls(item));
    return out;
  }
  if (!value.is_object()) return value;
  Json out = Json::object();
  for (const auto& [name, item] : value.items()) {
    if (!item.is_null()) out[name] = withoutNulls(item);
  }
  return out;
}

Reply invalid(const store::FileErrors& errors, bool flattened) {
  const bool split = flattened && !errors.syntax();
  const Json fields = split ? errors.fieldsWithoutEntities() : errors.fields();
  Reply reply =
      failure(400, kInvalidConfig, "invalid declarative configuration",
              "declarative config is invalid: " + store::FileErrors::text(fields), fields);
  if (split) reply.json["flattened_errors"] = errors.flattened();
  return reply;
}

Stop refuseWithDatabase(ApiContext& context) {
  if (context.store().name() == "off") return {};
  return message(400,
                 "this endpoint is only available when Kong is configured to not use a database");
}

Reply read(ApiContext& context) {
  if (Stop stop = refuseWithDatabase(context)) return std::move(*stop);
  auto text = store::exportText(context.store());
  if (!text.ok()) return storeFailed(text.error());
  return Reply::of(200, {{"config", std::move(*text)}});
}

/// The text to load; nothing where the request has none.
std::optional<std::string> textOf(const Call& call) {
  auto config = call.body.find("config");
  if (config != call.body.end()) {
    if (config->is_string()) return config->get<std::string>();
    if (config->is_object()) return config->dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  if (call.isForm || call.request.body.empty()) return {};
  return call.body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Reply replace(ApiContext& context, Call& call) {
  if (Stop stop = refuseWithDatabase(context)) return std::move(*stop);
  const bool checkHash = flag(call, "check_hash");
  const bool flattened = flag(call, "flatten_errors");
  const auto text = textOf(call);
  if (!text) return message(400, "expected a declarative configuration");
  const std::string hash = crypto::digest(crypto::Hash::kMd5, *text).hex();
  if (checkHash && hash == context.configurationHash()) return Reply::empty(304);
  auto plan =
      store::planReplacement(context.store(), store::TextSource::text("config", *text), call.now);
  if (!plan.ok()) {
    context.logError("admin: /config: " + plan.error().text());
    return storeFailed(plan.error());
  }
  if (!plan->errors.empty()) return invalid(plan->errors, flattened);
  if (!plan->changes.empty()) {
    store::Reason reason = call.reason;
    if (findHeader(call.request, "x-reason") == nullptr) reason.text += " " + hash;
    auto done = context.commit(std::move(plan->changes), std::move(reason));
    if (auto* refusal = std::get_if<store::Refusal>(&done)) {
      context.logError("admin: /config refused: " + refusal->message);
      return refused(*refusal, nullptr, "");
    }
  }
  context.configurationReplaced(hash);
  Json out = Json::object();
  for (const store::Declared& entity : plan->entities) {
    out[entity.schema->kind()][entity.id] =
        withoutNulls(entity.schema->print(entity.doc, call.now));
  }
  Reply reply = Reply::of(201, std::move(out));
  const size_t told = std::min(plan->warnings.size(), kMaxWarnings);
  for (size_t i = 0; i < told; ++i) reply.warn(plan->warnings[i]);
  return reply;
}

}  // namespace

void addConfigEndpoint(Paths& paths, ApiContext& context) {
  ApiContext* c = &context;
  paths.add("/config", {{"GET", [c](Call&) { return read(*c); }},
                        {"POST", [c](Call& call) { return replace(*c, call); }}});
}

}  // namespace tollgate::admin
