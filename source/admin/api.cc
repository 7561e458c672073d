#include "source/admin/api.h"

#include <algorithm>
#include <chrono>
#include <exception>

#include "source/admin/body.h"
#include "source/admin/certificate_endpoints.h"
#include "source/admin/config_endpoint.h"
#include "source/admin/entity_endpoints.h"
#include "source/admin/errors.h"
#include "source/admin/node_endpoints.h"
#include "source/admin/nodes_endpoints.h"
#include "source/admin/paths.h"
#include "source/admin/revision_endpoints.h"
#include "source/admin/schema_endpoints.h"
#include "source/admin/tag_endpoints.h"
#include "source/admin/target_endpoints.h"
#include "source/admin/write_options.h"

namespace tollgate::admin {
namespace {

constexpr size_t kMaxArguments = 1000;

/// The part of the target after scheme and authority of the absolute form.
std::string_view originForm(std::string_view target) {
  if (!target.starts_with("http://") && !target.starts_with("https://")) return target;
  size_t slash = target.find('/', target.find("://") + 3);
  return slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
}

bool wellFormed(std::string_view path) {
  std::string decoded;
  return path.starts_with('/') && decodeSegment(path, decoded);
}

bool isMethodToken(std::string_view method) {
  return !method.empty() && std::all_of(method.begin(), method.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
  });
}

bool hasBody(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

bool writes(std::string_view method) { return hasBody(method) || method == "DELETE"; }

Reply bare(Reply reply) {
  reply.bare = true;
  return reply;
}

}  // namespace

Api::Api(ApiContext& context) : context_(context), paths_(std::make_unique<Paths>()) {
  addEntityEndpoints(*paths_, context_);
  addCertificateEndpoints(*paths_, context_);
  addTargetEndpoints(*paths_, context_);
  addSchemaEndpoints(*paths_);
  addTagEndpoints(*paths_, context_);
  addNodeEndpoints(*paths_, context_);
  addConfigEndpoint(*paths_, context_);
  addNodesEndpoints(*paths_, context_);
  addRevisionEndpoints(*paths_, context_);
}

Api::~Api() = default;

Response Api::handle(const Request& request) {
  const auto start = std::chrono::steady_clock::now();
  Reply reply;
  std::optional<Response::Wait> wait;
  std::string_view target = originForm(request.target);
  target = target.substr(0, target.find('#'));
  const size_t mark = target.find('?');
  Call call{.request = request,
            .query = mark == std::string_view::npos ? "" : target.substr(mark + 1),
            .params = {},
            .rawParams = {},
            .place = request.method};
  try {
    call.now = context_.now();
    const store::Revision before = context_.committed();
    reply = answer(call, target.substr(0, mark));
    for (const std::string& text : call.warnings) reply.warn(text);
    const store::Revision after = context_.committed();
    if (writes(request.method) && after != before) {
      if (call.wait) wait = Response::Wait{after, *call.wait};
      if (std::string what = context_.notLive(); !what.empty()) reply.warn(what);
    }
  } catch (const std::exception& e) {
    context_.logError("admin: " + call.place + ": " + e.what());
    reply = unexpected();
  }
  const std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - start;
  Response response = finish(request, std::move(reply), spent.count());
  response.wait = wait;
  return response;
}

Reply Api::answer(Call& call, std::string_view path) {
  const std::string& method = call.request.method;
  if (!isMethodToken(method) || !wellFormed(path)) return bare(htmlPage(400, "Bad Request"));
  if (method == "TRACE" || method == "CONNECT") return bare(htmlPage(405, "Not Allowed"));
  const Endpoint* endpoint = paths_->match(path, call);
  if (!endpoint) return notFound();
  call.place += " " + endpoint->pathOf(call);
  if (method == "OPTIONS") {
    Reply reply = Reply::empty(204);
    const std::string* asked = findHeader(call.request, "access-control-request-headers");
    reply.headers = {{"Allow", endpoint->allow()},
                     {"Access-Control-Allow-Methods", endpoint->allow()},
                     {"Access-Control-Allow-Headers", asked ? *asked : "Content-Type"}};
    return reply;
  }
  context_.beginCall();
  if (queryCount(call.query) > kMaxArguments) return message(400, "Too many arguments");
  if (hasBody(method)) {
    if (Stop stop = decodeBody(call, endpoint->pattern == "/config")) return std::move(*stop);
  }
  auto handler = endpoint->methods.find(method == "HEAD" ? "GET" : method);
  if (handler == endpoint->methods.end()) return methodNotAllowed();
  if (writes(method)) {
    if (Stop stop = readWriteOptions(call, context_.waitLimits())) {
      return std::move(*stop);
    }
  }
  return handler->second(call);
}

std::string Api::allowedOrigin(const Request& request) {
  const std::string* origin = findHeader(request, "origin");
  const auto gui = context_.guiOrigins();
  // Any origin may read what needs no credentials; with them, only one that is named.
  if (gui.empty()) return "*";
  if (origin && std::find(gui.begin(), gui.end(), *origin) != gui.end()) return *origin;
  return gui.front();
}

Response Api::finish(const Request& request, Reply reply, double milliseconds) {
  Response response;
  response.status = reply.status;
  response.body = !reply.text.empty() ? std::move(reply.text)
                  : reply.json.is_null()
                      ? ""
                      : reply.json.dump(-1, ' ', false, Json::error_handler_t::replace);
  auto& headers = response.headers;
  if (!response.body.empty()) headers.emplace_back("Content-Type", reply.contentType);
  if (!reply.bare) {
    headers.emplace_back("Access-Control-Allow-Origin", allowedOrigin(request));
    headers.emplace_back("Access-Control-Allow-Credentials", "true");
    for (auto& extra : reply.headers) headers.push_back(std::move(extra));
    headers.emplace_back("X-Kong-Admin-Latency", std::to_string(static_cast<long>(milliseconds)));
    headers.emplace_back("Server", "kong/" + context_.node().version);
  }
  if (reply.status != 204)
    headers.emplace_back("Content-Length", std::to_string(response.body.size()));
  if (request.method == "HEAD") response.body.clear();
  return response;
}

}  // namespace tollgate::admin
