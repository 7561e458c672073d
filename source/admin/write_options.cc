#include "source/admin/write_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "source/admin/body.h"
#include "source/admin/errors.h"
#include "source/schema/rules.h"

namespace tollgate::admin {
namespace {

constexpr size_t kNamedInHeader = 20;

bool isPlainText(std::string_view text) {
  return schema::invalidUtf8At(text) == 0 && std::all_of(text.begin(), text.end(), [](char c) {
           const auto u = static_cast<unsigned char>(c);
           return u >= 0x20 && u != 0x7f;
         });
}

Stop readReason(Call& call) {
  const Request& request = call.request;
  call.reason = {request.actor, call.place, request.clientAddress};
  const std::string* given = findHeader(request, "x-reason");
  if (given == nullptr || given->empty()) return {};
  if (given->size() > kMaxReasonBytes || !isPlainText(*given)) {
    return message(400,
                   fmt::format("X-Reason must be UTF-8 text of at most {} bytes", kMaxReasonBytes));
  }
  call.reason.text = *given;
  return {};
}

Stop readWait(Call& call, const WaitLimits& limits) {
  auto wait = queryValue(call.query, "wait");
  if (!wait) return {};
  if (*wait != "all") return message(400, "wait must be 'all'");
  call.wait = limits.usual;
  auto timeout = queryValue(call.query, "timeout");
  if (!timeout) return {};
  char* end = nullptr;
  const double seconds = std::strtod(timeout->c_str(), &end);
  const double most = std::chrono::duration<double>(limits.most).count();
  if (timeout->empty() || *end != '\0' || !(seconds >= 0 && seconds <= most)) {
    return message(400, fmt::format("timeout must be a number of seconds from 0 to {}", most));
  }
  call.wait = std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
  return {};
}

void setHeader(Response& response, const std::string& name, std::string value) {
  auto at = std::find_if(response.headers.begin(), response.headers.end(),
                         [&](const auto& header) { return header.first == name; });
  if (at != response.headers.end()) {
    at->second = std::move(value);
  } else {
    response.headers.emplace_back(name, std::move(value));
  }
}

}  // namespace

Stop readWriteOptions(Call& call, const WaitLimits& limits) {
  if (Stop stop = readReason(call)) return stop;
  return readWait(call, limits);
}

void answerLagging(Response& response, store::Revision revision,
                   const std::vector<store::NodeRecord>& lagging, bool unknown) {
  std::string names = unknown ? "unknown" : "";
  Json nodes = Json::array();
  for (size_t i = 0; i < lagging.size(); ++i) {
    const store::NodeRecord& node = lagging[i];
    if (i < kNamedInHeader) {
      names += fmt::format("{}{};revision={}", names.empty() ? "" : ", ", node.id, node.revision);
    }
    nodes.push_back({{"id", node.id}, {"hostname", node.hostname}, {"revision", node.revision}});
  }
  response.status = 202;
  setHeader(response, "X-Tollgate-Revision", std::to_string(revision));
  setHeader(response, "X-Tollgate-Lagging", names);
  if (!response.body.empty()) return;
  const Json body = {{"message", "written, but not all live nodes run it yet"},
                     {"revision", revision},
                     {"lagging", unknown ? Json() : nodes}};
  response.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  setHeader(response, "Content-Type", "application/json; charset=utf-8");
  setHeader(response, "Content-Length", std::to_string(response.body.size()));
}

}  // namespace tollgate::admin
