#include "source/config/compiled_services.h"

#include <fmt/format.h>

#include "source/config/document.h"

namespace tollgate::config {

void CompiledServices::put(const std::string& id, const schema::Json& doc) {
  problems_.clear(id);
  certificates_.noteService(id, doc);
  uint32_t number = numbers_.find(id);
  if (number == 0 || number >= known_.size() || !known_[number]) {
    number = numbers_.hold(id);
    if (number >= known_.size()) known_.resize(number + 1);
    known_[number] = true;
    ++size_;
  }
  auto service = compile(id, doc);
  set(number, flagOf(doc, "enabled", true) ? std::move(service) : nullptr);
}

void CompiledServices::remove(const std::string& id) {
  uint32_t number = numbers_.find(id);
  if (number == 0 || number >= known_.size() || !known_[number]) return;
  problems_.clear(id);
  certificates_.forgetService(id);
  set(number, nullptr);
  known_[number] = false;
  --size_;
  numbers_.release(id);
}

void CompiledServices::set(uint32_t number, std::shared_ptr<const upstream::Service> service) {
  if (serving(number) != (service != nullptr)) switched_.push_back(number);
  table_.edit(number) = std::move(service);
}

std::shared_ptr<const upstream::Service> CompiledServices::compile(const std::string& id,
                                                                   const schema::Json& doc) {
  auto service = std::make_shared<upstream::Service>();
  service->id = id;
  service->name = textOf(doc, "name");
  service->protocol = textOf(doc, "protocol");
  service->host = textOf(doc, "host");
  service->port = static_cast<uint16_t>(numberOf(doc, "port", 80));
  service->path = textOf(doc, "path");
  service->retries = static_cast<int>(numberOf(doc, "retries", 5));
  service->connectTimeout = std::chrono::milliseconds(numberOf(doc, "connect_timeout", 60000));
  service->writeTimeout = std::chrono::milliseconds(numberOf(doc, "write_timeout", 60000));
  service->readTimeout = std::chrono::milliseconds(numberOf(doc, "read_timeout", 60000));
  service->tls = service->protocol == "https" || service->protocol == "grpcs";
  auto literal = net::Address::parse(service->host, service->port);
  if (literal) service->literal = *literal;
  bool bracket = literal && literal->family() == AF_INET6 && service->host.front() != '[';
  service->hostHeader = bracket ? "[" + service->host + "]" : service->host;
  bool usual = service->port == (service->tls ? 443 : 80);
  if (!usual) service->hostHeader += ":" + std::to_string(service->port);
  if (service->tls && upstreamTls_) {
    auto context = upstreamTls_(doc, certificates_);
    if (context) {
      service->tlsContext = std::move(context).value();
    } else {
      problems_.add(id, Error::invalid(context.error().text(), "service " + id));
    }
  }
  // Connections made with another context (another client certificate) are not to be used. They
  // keep their context alive, so that its address stands for it.
  const void* context = service->tlsContext.get();
  service->poolKey = service->tls ? fmt::format("tls|{}|{}|", id, context) : "tcp|";
  return service;
}

}  // namespace tollgate::config
