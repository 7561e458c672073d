// Lines "host path method" become routes, the last line a request: whatever they are, a table is
// built, and what it finds is one of the routes.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "source/route/route_table.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tollgate::route;
  std::istringstream lines(std::string(reinterpret_cast<const char*>(data), size));
  struct NoHeaders final : HeaderLookup {
    void visit(std::string_view, HeaderVisitor&) const override {}
  } none;
  static const char kMark = 0;
  std::vector<RouteSpec> routes;
  std::string line, host, path, method;
  while (std::getline(lines, line) && routes.size() < 64) {
    std::istringstream words(line);
    host.clear();
    path.clear();
    method.clear();
    words >> host >> path >> method;
    RouteSpec route;
    route.id = std::to_string(routes.size());
    route.payload = &kMark;
    if (!host.empty() && host != "-") route.hosts.push_back(host);
    if (!path.empty() && path != "-") route.paths.push_back(path);
    if (!method.empty()) route.methods.push_back(method);
    routes.push_back(std::move(route));
  }
  std::vector<tollgate::Error> problems;
  auto table = RouteTable::build(std::move(routes), &problems);
  tollgate::Arena arena;
  MatchInput input;
  input.method = method;
  input.host = HostName::of(host, arena);
  input.normalizedPath = path;
  input.destinationPort = 8000;
  input.headers = &none;
  Match found;
  if (table->match(input, found) && found.payload != &kMark) std::abort();
  if (found.matchedPrefix.size() > path.size()) std::abort();
  return 0;
}
