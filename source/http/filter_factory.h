#pragma once

#include <google/protobuf/message.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/result.h"
#include "source/http/dependency.h"
#include "source/http/filter.h"
#include "source/http/operator_log.h"
#include "source/net/resolver.h"
#include "source/net/tls_client.h"

namespace tollgate::http {

class FilterServices;
class SharedCounters;

using TlsClient = net::TlsClient;

/// Gives a filter the TLS that it asks for while it is made. Control thread.
class TlsConnector {
 public:
  virtual ~TlsConnector() = default;
  /// Servers are verified or not, as the process trusts. Equal calls share one client.
  virtual Result<std::shared_ptr<const TlsClient>> client(bool verify) = 0;
};

/// Compares passwords with what a store keeps of them. Any thread.
class PasswordVerifier {
 public:
  virtual ~PasswordVerifier() = default;
  /// Whether to compare takes so long (some ten milliseconds) that no worker may do it.
  virtual bool slow(std::string_view stored) const = 0;
  virtual bool matches(std::string_view stored, std::string_view password,
                       std::string_view consumerId) const = 0;
};

/// What a filter may use of the process that it runs in.
struct FilterContext {
  std::string pluginId;  ///< Of the plugin's entity; "" for a filter of a listener.
  /// Ids that the plugin instance is bound to; "" where it is not.
  std::string routeId;
  std::string serviceId;
  std::string consumerId;
  SharedCounters* counters = nullptr;  ///< Counters in the store (policy "cluster"); may be null.
  TlsConnector* tls = nullptr;         ///< May be null; for create() only.
  OperatorLog* log = nullptr;          ///< May be null; outlives the filter.
  /// HTTP, connections, threads and state of its own: see filter_services.h. May be null, else
  /// outlives the filter.
  FilterServices* services = nullptr;
  /// Where servers that the filter asks are told of; may be null, else outlives the filter.
  Dependencies* dependencies = nullptr;
  std::shared_ptr<const PasswordVerifier> passwords;  ///< May be null.
  /// A number among the settings of the process, by name; may be empty. Control thread.
  std::function<double(std::string_view name)> setting;
  net::ResolverSettings resolver;  ///< How this process looks up names.
  /// Set once a filter is made that is told of exchanges when they are over: from then on routes,
  /// services and consumers keep what logs show of them (Named::record). May be null: they do.
  std::atomic<bool>* recordsWanted = nullptr;
};

/// Adds to counters that live in the store, asynchronously; see filters/http/rate-limiting.
class SharedCounters {
 public:
  virtual ~SharedCounters() = default;
  /// Adds 1 to each key's counter unless one has reached its limit; calls `done` on `loop`'s thread
  /// with the usages before the addition, or ok == false when the store is out of reach.
  struct Key {
    std::string identifier, period, serviceId, routeId;
    int64_t windowStartMillis = 0;
    int64_t windowSeconds = 0;
  };
  virtual void take(event::EventLoop& loop, std::vector<Key> keys, std::vector<int64_t> limits,
                    std::function<void(bool ok, std::vector<int64_t> usages)> done) = 0;
};

/// Makes filters of one name. Registered once at start with HttpFilterRegistry.
class HttpFilterFactory {
 public:
  virtual ~HttpFilterFactory() = default;
  virtual std::string_view name() const = 0;
  virtual int priority() const = 0;  ///< Kong's number; higher runs first.
  /// An empty message of the configuration's type.
  virtual std::unique_ptr<google::protobuf::Message> newConfig() const = 0;
  /// `config` is of the type of newConfig() and validated. Control thread.
  virtual Result<std::unique_ptr<HttpFilter>> create(const google::protobuf::Message& config,
                                                     const FilterContext& context) const = 0;
};

class HttpFilterRegistry {
 public:
  static void add(std::unique_ptr<HttpFilterFactory> factory);
  static const HttpFilterFactory* find(std::string_view name);
  static const std::vector<std::unique_ptr<HttpFilterFactory>>& all();
};

}  // namespace tollgate::http
