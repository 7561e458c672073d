#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "source/base/cow_vector.h"
#include "source/config/compiled_kind.h"
#include "source/config/compiled_upstreams.h"
#include "source/config/numbers.h"
#include "source/config/origin_certificates.h"
#include "source/upstream/service.h"

namespace tollgate::config {

/// Services by number. Routes hold the numbers of the services that they name, which need not be
/// there yet; they follow when a service appears, goes, or is switched on or off.
class CompiledServices final : public CompiledKind {
 public:
  using Table = CowVector<std::shared_ptr<const upstream::Service>>;
  /// Where TLS contexts come from; without it, services cannot use TLS. A service's document has
  /// the application protocols to offer under "alpn", if any.
  using UpstreamTls = std::function<Result<std::shared_ptr<const void>>(const Json& service)>;

  CompiledServices(CompiledUpstreams& upstreams, OriginCertificates& certificates,
                   Problems& problems)
      : upstreams_(upstreams), certificates_(certificates), problems_(problems) {}
  void setUpstreamTls(UpstreamTls make) { upstreamTls_ = std::move(make); }
  /// Whether origins of https services are offered HTTP/2.
  void offerHttp2(bool offer) { offerHttp2_ = offer; }

  void put(const std::string& id, const Json& doc) override;
  void remove(const std::string& id) override;
  size_t size() const override { return size_; }

  /// Whether routes of the service are in effect.
  bool serving(uint32_t number) const { return table_[number] != nullptr; }
  Numbers& numbers() { return numbers_; }
  /// Brings the services in line with upstreams whose names came or went, and with certificates
  /// that changed (their ids).
  void follow(const std::set<std::string>& upstreams, const std::set<std::string>& certificates);
  /// The enabled ones.
  const Table& table() const { return table_; }
  /// The numbers of the services for which serving() may have changed since the last call.
  std::vector<uint32_t> takeSwitched() { return std::exchange(switched_, {}); }

 private:
  std::shared_ptr<upstream::Service> compile(const std::string& id, const Json& doc);
  /// Where it is balanced over, and how TLS is spoken there.
  void bind(upstream::Service& service, const Json& tlsPart);
  void set(uint32_t number, std::shared_ptr<const upstream::Service> service);

  CompiledUpstreams& upstreams_;
  OriginCertificates& certificates_;
  Problems& problems_;
  UpstreamTls upstreamTls_;
  bool offerHttp2_ = false;
  /// What the services that use TLS say of it, by number.
  std::unordered_map<uint32_t, Json> tlsParts_;
  uint64_t bindings_ = 0;
  Numbers numbers_;
  Table table_;
  std::vector<bool> known_;  ///< By number: the entity is there, enabled or not.
  size_t size_ = 0;
  std::vector<uint32_t> switched_;
};

}  // namespace tollgate::config
