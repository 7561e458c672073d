#include "source/config/compiled_services.h"

#include "source/config/document.h"
#include "source/config/unserved.h"

namespace tollgate::config {

void CompiledServices::put(const std::string& id, const Json& doc) {
  problems_.clear(id);
  uint32_t number = numbers_.find(id);
  if (number == 0 || number >= known_.size() || !known_[number]) {
    number = numbers_.hold(id);
    if (number >= known_.size()) known_.resize(number + 1);
    known_[number] = true;
    ++size_;
  }
  auto service = compile(id, doc);
  tlsParts_.erase(number);
  Json tlsPart = OriginCertificates::tlsPart(doc);
  bind(*service, tlsPart);
  if (service->tls) tlsParts_[number] = std::move(tlsPart);
  set(number, flagOf(doc, "enabled", true) ? std::move(service) : nullptr);
}

void CompiledServices::remove(const std::string& id) {
  uint32_t number = numbers_.find(id);
  if (number == 0 || number >= known_.size() || !known_[number]) return;
  problems_.clear(id);
  set(number, nullptr);
  tlsParts_.erase(number);
  known_[number] = false;
  --size_;
  numbers_.release(id);
}

void CompiledServices::set(uint32_t number, std::shared_ptr<const upstream::Service> service) {
  if (serving(number) != (service != nullptr)) switched_.push_back(number);
  table_.edit(number) = std::move(service);
}

void CompiledServices::bind(upstream::Service& service, const Json& tlsPart) {
  if (std::string what = unservedProtocol(service.protocol); !what.empty()) {
    problems_.add(service.id, Error::invalid(std::move(what), "service " + service.id));
  }
  if (!service.literal.valid()) service.cluster = upstreams_.find(service.host);
  service.poolKey = service.http2 == upstream::Http2::kAlways ? "h2|" : "tcp|";
  service.literalKey = {};
  if (!service.tls) {
    if (service.literal.valid()) {
      service.literalKey =
          upstream::PoolKey(service.poolKey + std::string(service.literal.bytes()));
    }
    return;
  }
  // Connections that were made in another way are not used any more.
  service.poolKey = "tls|" + service.id + "|" + std::to_string(++bindings_) + "|";
  if (!upstreamTls_) return;
  Json wanted = tlsPart;
  if (service.http2 == upstream::Http2::kOffered) {
    wanted["alpn"] = {"h2", "http/1.1"};
  } else if (service.http2 == upstream::Http2::kAlways) {
    wanted["alpn"] = {"h2"};
  }
  if (!wanted.contains("client_certificate") && service.cluster != nullptr) {
    std::string own = upstreams_.clientCertificateOf(service.host);
    if (!own.empty()) wanted["client_certificate"] = {{"id", std::move(own)}};
  }
  auto context = upstreamTls_(certificates_.resolve(std::move(wanted)));
  if (context) {
    service.tlsContext = std::move(context).value();
  } else {
    service.tlsContext = nullptr;
    problems_.add(service.id, Error::invalid(context.error().text(), "service " + service.id));
  }
}

void CompiledServices::follow(const std::set<std::string>& upstreams,
                              const std::set<std::string>& certificates) {
  if (upstreams.empty() && certificates.empty()) return;
  static const Json kNone = Json::object();
  for (uint32_t number = 0; number < known_.size(); ++number) {
    const auto& service = table_[number];
    if (service == nullptr) continue;
    auto part = tlsParts_.find(number);
    const Json& tlsPart = part != tlsParts_.end() ? part->second : kNone;
    const bool named = !service->literal.valid() && upstreams.contains(service->host);
    const bool shown =
        service->tls && (OriginCertificates::refersTo(tlsPart, certificates) ||
                         (service->cluster != nullptr &&
                          certificates.contains(upstreams_.clientCertificateOf(service->host))));
    if (!named && !shown) continue;
    auto follower = std::make_shared<upstream::Service>(*service);
    problems_.clear(follower->id);
    bind(*follower, tlsPart);
    set(number, std::move(follower));
  }
}

std::shared_ptr<upstream::Service> CompiledServices::compile(const std::string& id,
                                                             const Json& doc) {
  auto service = std::make_shared<upstream::Service>();
  service->id = id;
  service->name = textOf(doc, "name");
  if (keepsRecords_) service->record = recordOf(doc);
  service->protocol = textOf(doc, "protocol");
  service->host = textOf(doc, "host");
  service->port = static_cast<uint16_t>(numberOf(doc, "port", 80));
  service->path = textOf(doc, "path");
  service->retries = static_cast<int>(numberOf(doc, "retries", 5));
  service->connectTimeout = std::chrono::milliseconds(numberOf(doc, "connect_timeout", 60000));
  service->writeTimeout = std::chrono::milliseconds(numberOf(doc, "write_timeout", 60000));
  service->readTimeout = std::chrono::milliseconds(numberOf(doc, "read_timeout", 60000));
  service->tls = service->protocol == "https" || service->protocol == "grpcs";
  if (service->protocol == "grpc" || service->protocol == "grpcs") {
    service->http2 = upstream::Http2::kAlways;
  } else if (service->tls && offerHttp2_) {
    service->http2 = upstream::Http2::kOffered;
  }
  auto literal = net::Address::parse(service->host, service->port);
  if (literal) service->literal = *literal;
  bool bracket = literal && literal->family() == AF_INET6 && service->host.front() != '[';
  std::string host = bracket ? "[" + service->host + "]" : service->host;
  bool usual = service->port == (service->tls ? 443 : 80);
  if (!usual) host += ":" + std::to_string(service->port);
  service->setHostHeader(host);
  return service;
}

}  // namespace tollgate::config
