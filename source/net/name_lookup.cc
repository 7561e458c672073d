#include "source/net/name_lookup.h"

#include <ares.h>
#include <netdb.h>

#include <algorithm>

#include "source/net/srv_record.h"

namespace tollgate::net {
namespace {

constexpr int kClassInternet = 1;
constexpr int kTypeSrv = 33;
/// Hosts of one SRV answer that are looked up; more are not expected of anybody sane.
constexpr size_t kMaxSrvHosts = 256;
/// For names from the hosts file, which has no time to live.
constexpr std::chrono::seconds kHostsFileTtl{3600};

/// Texts that scripts written for the classic DNS client compare with.
std::string textOfStatus(int status) {
  switch (status) {
    case ARES_ENOTFOUND:
      return "dns server error: 3 name error";
    case ARES_SUCCESS:
    case ARES_ENODATA:
      return "dns client error: 101 empty record received";
    case ARES_ESERVFAIL:
      return "dns server error: 2 server failure";
    case ARES_EFORMERR:
      return "dns server error: 1 format error";
    case ARES_ENOTIMP:
      return "dns server error: 4 not implemented";
    case ARES_EREFUSED:
      return "dns server error: 5 refused";
    default:
      return std::string("dns client error: ") + ares_strerror(status);
  }
}

bool isMissing(int status) {
  return status == ARES_SUCCESS || status == ARES_ENODATA || status == ARES_ENOTFOUND;
}

}  // namespace

std::string_view textOf(NameRecords::Type type) {
  switch (type) {
    case NameRecords::Type::kA:
      return "A";
    case NameRecords::Type::kAaaa:
      return "AAAA";
    case NameRecords::Type::kSrv:
      return "SRV";
    default:
      return "";
  }
}

/// One name under way. Owns itself until it has told the outcome or the channel is destroyed.
class NameLookup::Query {
 public:
  using Type = NameRecords::Type;

  Query(DnsChannel& channel, std::string name, Type last, Done done)
      : channel_(channel), name_(std::move(name)), done_(std::move(done)) {
    order_ = {Type::kSrv, Type::kA, Type::kAaaa};
    auto first = std::find(order_.begin(), order_.end(), last);
    if (first != order_.end()) std::rotate(order_.begin(), first, first + 1);
  }

  void begin() {
    if (channel_.get() == nullptr) return fail(ARES_ENOTINITIALIZED);
    if (readHostsFile(AF_INET) || readHostsFile(AF_INET6)) return finish();
    next();
  }

 private:
  bool readHostsFile(int family) {
    hostent* found = nullptr;
    int status = ares_gethostbyname_file(channel_.get(), name_.c_str(), family, &found);
    if (status != ARES_SUCCESS || found == nullptr) return false;
    for (char** each = found->h_addr_list; *each != nullptr; ++each) {
      sockaddr_in6 v6{};
      sockaddr_in v4{};
      if (family == AF_INET) {
        v4.sin_family = AF_INET;
        std::copy_n(*each, sizeof v4.sin_addr, reinterpret_cast<char*>(&v4.sin_addr));
        add(reinterpret_cast<sockaddr*>(&v4), sizeof v4);
      } else {
        v6.sin6_family = AF_INET6;
        std::copy_n(*each, sizeof v6.sin6_addr, reinterpret_cast<char*>(&v6.sin6_addr));
        add(reinterpret_cast<sockaddr*>(&v6), sizeof v6);
      }
    }
    ares_free_hostent(found);
    out_.type = family == AF_INET ? Type::kA : Type::kAaaa;
    out_.ttl = kHostsFileTtl;
    return !out_.records.empty();
  }

  void add(const sockaddr* address, socklen_t size) {
    out_.records.push_back({Address::fromSockaddr(address, size), {}, 0});
  }

  /// Asks for the next type, or gives up with the reason of the last one that was asked for.
  void next() {
    if (step_ == order_.size()) return fail(status_);
    Type type = order_[step_++];
    if (type == Type::kSrv) {
      ares_search(channel_.get(), name_.c_str(), kClassInternet, kTypeSrv, &Query::onSrv, this);
    } else {
      askAddress(name_, type, &Query::onAddress, this);
    }
  }

  void askAddress(const std::string& name, Type type, ares_addrinfo_callback callback,
                  void* argument) {
    ares_addrinfo_hints hints{};
    hints.ai_family = type == Type::kAaaa ? AF_INET6 : AF_INET;
    hints.ai_flags = ARES_AI_NOSORT;
    hints.ai_socktype = SOCK_STREAM;
    ares_getaddrinfo(channel_.get(), name.c_str(), nullptr, &hints, callback, argument);
  }

  static void onAddress(void* argument, int status, int, ares_addrinfo* answer) {
    auto* query = static_cast<Query*>(argument);
    if (status == ARES_EDESTRUCTION) {
      delete query;
      return;
    }
    query->keepStatus(status);
    int ttl = static_cast<int>(kHostsFileTtl.count());
    for (auto* node = answer != nullptr ? answer->nodes : nullptr; node != nullptr;
         node = node->ai_next) {
      query->add(node->ai_addr, node->ai_addrlen);
      ttl = std::min(ttl, std::max(node->ai_ttl, 0));
    }
    if (answer != nullptr) ares_freeaddrinfo(answer);
    if (query->out_.records.empty()) return query->next();
    query->out_.ttl = std::chrono::seconds(ttl);
    query->out_.type = query->order_[query->step_ - 1];
    query->finish();
  }

  static void onSrv(void* argument, int status, int, unsigned char* bytes, int size) {
    auto* query = static_cast<Query*>(argument);
    if (status == ARES_EDESTRUCTION) {
      delete query;
      return;
    }
    query->keepStatus(status);
    if (status == ARES_SUCCESS && size > 0) {
      query->srv_ = parseSrvRecords(bytes, static_cast<size_t>(size));
    }
    if (query->srv_.empty()) return query->next();
    query->resolveHosts();
  }

  /// A host that an SRV record names, on its way to addresses.
  struct Host {
    Query* query;
    SrvRecord record;
    Type asked;
  };

  void resolveHosts() {
    uint16_t best = 65535;
    for (const SrvRecord& record : srv_) best = std::min(best, record.priority);
    std::erase_if(srv_, [best](const SrvRecord& record) { return record.priority != best; });
    if (srv_.size() > kMaxSrvHosts) srv_.resize(kMaxSrvHosts);
    uint32_t ttl = static_cast<uint32_t>(kHostsFileTtl.count());
    for (const SrvRecord& record : srv_) ttl = std::min(ttl, record.ttl);
    out_.ttl = std::chrono::seconds(ttl);
    out_.type = Type::kSrv;
    hosts_ = srv_.size() + 1;  // one for this function, so that answers at once do not end it
    for (SrvRecord& record : srv_) resolveHost(record);
    hostDone();
  }

  void resolveHost(const SrvRecord& record) {
    auto literal = Address::parse(record.target, record.port);
    if (literal) {
      addSrv(record, *literal);
      return hostDone();
    }
    askAddress(record.target, Type::kA, &Query::onHost, new Host{this, record, Type::kA});
  }

  static void onHost(void* argument, int status, int, ares_addrinfo* answer) {
    std::unique_ptr<Host> host(static_cast<Host*>(argument));
    Query* query = host->query;
    if (status == ARES_EDESTRUCTION) {
      if (--query->hosts_ == 0) delete query;
      return;
    }
    query->keepStatus(status);
    bool any = false;
    for (auto* node = answer != nullptr ? answer->nodes : nullptr; node != nullptr;
         node = node->ai_next) {
      Address address = Address::fromSockaddr(node->ai_addr, node->ai_addrlen);
      address.setPort(host->record.port);
      query->addSrv(host->record, address);
      query->out_.ttl = std::min(query->out_.ttl, std::chrono::seconds(std::max(node->ai_ttl, 0)));
      any = true;
    }
    if (answer != nullptr) ares_freeaddrinfo(answer);
    if (!any && host->asked == Type::kA) {
      host->asked = Type::kAaaa;
      query->askAddress(host->record.target, Type::kAaaa, &Query::onHost, host.get());
      host.release();
      return;
    }
    query->hostDone();
  }

  void addSrv(const SrvRecord& record, const Address& address) {
    out_.records.push_back({address, record.target, std::max<uint32_t>(record.weight, 1)});
  }

  void hostDone() {
    if (--hosts_ > 0) return;
    if (out_.records.empty()) {
      out_.type = Type::kNone;
      return next();
    }
    finish();
  }

  /// A failure says more than "there is nothing", and counts as what went wrong.
  void keepStatus(int status) {
    if (status_ == ARES_SUCCESS || isMissing(status_)) status_ = status;
  }

  void fail(int status) {
    out_.records.clear();
    out_.error = textOfStatus(status);
    out_.missing = isMissing(status);
    finish();
  }

  void finish() {
    Done done = std::move(done_);
    NameRecords out = std::move(out_);
    DnsChannel& channel = channel_;
    delete this;
    channel.kick();
    done(std::move(out));
  }

  DnsChannel& channel_;
  std::string name_;
  Done done_;
  std::vector<Type> order_;
  size_t step_ = 0;
  int status_ = ARES_SUCCESS;
  std::vector<SrvRecord> srv_;
  size_t hosts_ = 0;
  NameRecords out_;
};

NameLookup::NameLookup(event::EventLoop& loop, const ResolverSettings& settings)
    : channel_(loop, settings) {}
NameLookup::~NameLookup() = default;

void NameLookup::start(std::string_view name, NameRecords::Type last, Done done) {
  auto* query = new Query(channel_, std::string(name), last, std::move(done));
  query->begin();
  if (channel_.get() != nullptr) channel_.kick();
}

}  // namespace tollgate::net
