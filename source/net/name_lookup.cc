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

/// One name under way. Owns itself until it has told the outcome or the channel is destroyed, and
/// none of its questions is open.
class NameLookup::Query {
 public:
  using Type = RecordType;

  Query(NameLookup& lookup, std::string name, Type last, Done done)
      : lookup_(lookup),
        name_(std::move(name)),
        done_(std::move(done)),
        both_(lookup.families_ == Families::kBoth),
        order_(lookup.order_) {
    if (both_) mergeFamilies();
    if (last == Type::kNone) return;
    if (both_ && last != Type::kSrv) last = kAddresses;
    auto first = std::find(order_.begin(), order_.end(), last);
    if (first == order_.end()) return;
    std::rotate(order_.begin(), first, first + 1);
    knowsType_ = true;
  }

  void begin() {
    if (channel().get() == nullptr) return fail(ARES_ENOTINITIALIZED);
    const bool v4 = readHostsFile(AF_INET);
    if ((v4 && !both_) || readHostsFile(AF_INET6) || v4) {
      out_.type = v4 ? Type::kA : Type::kAaaa;
      out_.ttl = kHostsFileTtl;
      return finish();
    }
    next();
  }

 private:
  /// In `order_`: addresses of every family that is asked for.
  static constexpr Type kAddresses = Type::kNone;

  DnsChannel& channel() { return lookup_.channel_; }

  /// The first of A and AAAA becomes "addresses"; names that never leave the machine have no SRV.
  void mergeFamilies() {
    const bool a = std::count(order_.begin(), order_.end(), Type::kA) > 0;
    const bool aaaa = std::count(order_.begin(), order_.end(), Type::kAaaa) > 0;
    family_ = a && aaaa ? AF_UNSPEC : aaaa ? AF_INET6 : AF_INET;
    auto isAddress = [](Type type) { return type == Type::kA || type == Type::kAaaa; };
    auto first = std::find_if(order_.begin(), order_.end(), isAddress);
    if (first != order_.end()) *first = kAddresses;
    std::erase_if(order_, isAddress);
    if (name_ == "localhost" || name_.ends_with(".localhost")) {
      std::erase(order_, Type::kSrv);
    }
  }

  bool readHostsFile(int family) {
    if (const HostsFile* own = channel().hosts()) {
      bool any = false;
      for (const Address& address : own->find(name_)) {
        if (address.family() != family) continue;
        out_.records.push_back({address, {}, 0});
        any = true;
      }
      return any;
    }
    hostent* found = nullptr;
    int status = ares_gethostbyname_file(channel().get(), name_.c_str(), family, &found);
    if (status != ARES_SUCCESS || found == nullptr) return false;
    bool any = false;
    for (char** each = found->h_addr_list; *each != nullptr; ++each) {
      any = true;
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
    return any;
  }

  void add(const sockaddr* address, socklen_t size) {
    out_.records.push_back({Address::fromSockaddr(address, size), {}, 0});
  }

  /// Asks for the next type, or gives up with the reason of the last one that was asked for.
  void next() {
    if (step_ == order_.size()) return fail(status_);
    const Type type = order_[step_++];
    if (type == Type::kSrv) {
      if (both_ && !knowsType_ && step_ < order_.size()) askAddressesEarly();
      ++open_;
      ares_search(channel().get(), name_.c_str(), kClassInternet, kTypeSrv, &Query::onSrv, this);
    } else if (early_ == Early::kAsked) {
      early_ = Early::kAwaited;
    } else if (early_ == Early::kThere) {
      useAddresses();
    } else {
      const int family = both_ ? family_ : type == Type::kAaaa ? AF_INET6 : AF_INET;
      ask(name_, family, &Query::onAddress, this);
    }
  }

  void askAddressesEarly() {
    early_ = Early::kAsked;
    ask(name_, family_, &Query::onAddress, this);
  }

  void ask(const std::string& name, int family, ares_addrinfo_callback callback, void* argument) {
    ares_addrinfo_hints hints{};
    hints.ai_family = family;
    hints.ai_flags = ARES_AI_NOSORT;
    hints.ai_socktype = SOCK_STREAM;
    ++open_;
    ares_getaddrinfo(channel().get(), name.c_str(), nullptr, &hints, callback, argument);
  }

  /// An answer has come. False where nobody wants it any more; the query may be gone then.
  bool answered(int status) {
    --open_;
    if (status == ARES_EDESTRUCTION) over_ = true;
    if (!over_) return true;
    letGo();
    return false;
  }
  void letGo() {
    if (open_ == 0) delete this;
  }

  static void onAddress(void* argument, int status, int, ares_addrinfo* answer) {
    auto* query = static_cast<Query*>(argument);
    std::unique_ptr<ares_addrinfo, decltype(&ares_freeaddrinfo)> owned(answer, &ares_freeaddrinfo);
    if (!query->answered(status)) return;
    query->addressStatus_ = status;
    query->addressTtl_ = static_cast<int>(kHostsFileTtl.count());
    for (auto* node = answer != nullptr ? answer->nodes : nullptr; node != nullptr;
         node = node->ai_next) {
      query->addresses_.push_back({Address::fromSockaddr(node->ai_addr, node->ai_addrlen), {}, 0});
      query->addressTtl_ = std::min(query->addressTtl_, std::max(node->ai_ttl, 0));
    }
    if (query->early_ == Early::kAsked) {
      query->early_ = Early::kThere;
    } else {
      query->useAddresses();
    }
  }

  void useAddresses() {
    early_ = Early::kNone;
    keepStatus(addressStatus_);
    if (addresses_.empty()) return next();
    out_.records = std::move(addresses_);
    out_.ttl = lookup_.validTtl_.value_or(std::chrono::seconds(addressTtl_));
    out_.type = order_[step_ - 1];
    if (out_.type == kAddresses) {
      const bool v4 = out_.records.front().address.family() == AF_INET;
      out_.type = v4 ? Type::kA : Type::kAaaa;
    }
    finish();
  }

  static void onSrv(void* argument, int status, int, unsigned char* bytes, int size) {
    auto* query = static_cast<Query*>(argument);
    if (!query->answered(status)) return;
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
    out_.ttl = lookup_.validTtl_.value_or(std::chrono::seconds(ttl));
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
    ask(record.target, AF_INET, &Query::onHost, new Host{this, record, Type::kA});
  }

  static void onHost(void* argument, int status, int, ares_addrinfo* answer) {
    std::unique_ptr<Host> host(static_cast<Host*>(argument));
    std::unique_ptr<ares_addrinfo, decltype(&ares_freeaddrinfo)> owned(answer, &ares_freeaddrinfo);
    Query* query = host->query;
    if (!query->answered(status)) return;
    query->keepStatus(status);
    bool any = false;
    for (auto* node = answer != nullptr ? answer->nodes : nullptr; node != nullptr;
         node = node->ai_next) {
      Address address = Address::fromSockaddr(node->ai_addr, node->ai_addrlen);
      address.setPort(host->record.port);
      query->addSrv(host->record, address);
      if (!query->lookup_.validTtl_) {
        query->out_.ttl =
            std::min(query->out_.ttl, std::chrono::seconds(std::max(node->ai_ttl, 0)));
      }
      any = true;
    }
    if (!any && host->asked == Type::kA) {
      host->asked = Type::kAaaa;
      const std::string& target = host->record.target;
      query->ask(target, AF_INET6, &Query::onHost, host.release());
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
    DnsChannel& channel = this->channel();
    over_ = true;
    letGo();
    channel.kick();
    done(std::move(out));
  }

  /// Of addresses that are asked for while SRV is.
  enum class Early { kNone, kAsked, kThere, kAwaited };

  NameLookup& lookup_;
  std::string name_;
  Done done_;
  const bool both_;
  std::vector<Type> order_;
  int family_ = AF_INET;
  bool knowsType_ = false;  ///< By the last answer: it is asked for alone at first.
  bool over_ = false;       ///< The outcome was told, or nobody is there to be told.
  int open_ = 0;            ///< Questions without an answer.
  Early early_ = Early::kNone;
  std::vector<NameRecords::Record> addresses_;
  int addressStatus_ = ARES_SUCCESS;
  int addressTtl_ = 0;
  size_t step_ = 0;
  int status_ = ARES_SUCCESS;
  std::vector<SrvRecord> srv_;
  size_t hosts_ = 0;
  NameRecords out_;
};

NameLookup::NameLookup(event::EventLoop& loop, const ResolverSettings& settings, Families families)
    : order_(settings.order),
      families_(families),
      validTtl_(settings.validTtl),
      channel_(loop, settings) {}
NameLookup::~NameLookup() = default;

void NameLookup::start(std::string_view name, NameRecords::Type last, Done done) {
  auto* query = new Query(*this, std::string(name), last, std::move(done));
  query->begin();
  if (channel_.get() != nullptr) channel_.kick();
}

}  // namespace tollgate::net
