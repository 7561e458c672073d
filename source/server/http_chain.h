#pragma once

#include <memory>
#include <string>

#include "source/base/result.h"
#include "source/http/filter_factory.h"
#include "source/proxy/filter_chain.h"
#include "tollgate/filters/network/http/v1/http.pb.h"

namespace tollgate::server {

/// The HTTP filters of one chain, compiled.
struct HttpChain {
  /// What the last filter is: `router`, `admin-api` or `status`.
  enum class Terminal { kRouter, kAdmin, kStatus };
  Terminal terminal = Terminal::kRouter;
  /// nullptr where the chain names nothing but `plugins` and its last filter.
  std::shared_ptr<const proxy::ListenerFilters> filters;
  bool authenticated = false;  ///< `admin-auth` stands in it.
};

/// Compiles the `config` of an `http` filter. `place` is that of the config; errors name the place
/// below it. `context` is what the filters may use of the process.
Result<HttpChain> compileHttpChain(const filters::network::http::v1::Config& config,
                                   const std::string& place, const http::FilterContext& context);

}  // namespace tollgate::server
