// Hosts with ports and addresses, as requests, settings and X-Forwarded-For write them: what is
// taken apart is all of the text, and what is an address stays one when it is written again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "source/base/host_port.h"
#include "source/net/address.h"
#include "source/net/open_admin.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tollgate;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const HostPort split = HostPort::split(text);
  if (split.host.size() + split.port.size() > text.size()) std::abort();
  if (!split.port.empty() && std::string(split.host) + ":" + std::string(split.port) != text) {
    std::abort();
  }
  if (serverNameOf(text).size() > split.host.size()) std::abort();
  auto address = net::Address::parse(split.host, split.number());
  if (address) {
    const std::string written = address->toString();
    const HostPort again = HostPort::split(written);
    auto same = net::Address::parse(again.host, again.number());
    if (!same || same->ip() != address->ip() || same->port() != address->port()) std::abort();
    net::OpenAdmin open;
    open.add(*address);
    if (net::isLoopback(*address) && !open.reachedBy(*address)) std::abort();
  }
  if (auto range = net::AddressRange::parse(text))
    (void)range->contains(*net::Address::parse("::1", 1));
  return 0;
}
