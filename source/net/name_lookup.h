#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "source/net/dns_channel.h"

namespace tollgate::net {

/// What a name stands for, record by record: for those who balance over the records themselves
/// (Resolver is for those who want any address).
struct NameRecords {
  using Type = RecordType;
  struct Record {
    Address address;      ///< With the port of an SRV record, else with port 0.
    std::string srvName;  ///< The host that an SRV record named, else "".
    uint32_t weight = 0;  ///< Of an SRV record, at least 1; else 0.
  };
  Type type = Type::kNone;
  std::vector<Record> records;
  std::chrono::seconds ttl{0};  ///< The shortest of the records.
  std::string error;            ///< "" if there are records.
  bool missing = false;         ///< The error is the server's word that there is nothing.
};

std::string_view textOf(NameRecords::Type type);

/// Asks for the records of names: the hosts file, then SRV (its lowest priority only, each host
/// that it names being resolved in turn), A and AAAA, as far as the settings' order has them, until
/// one of them answers; the type that answered last time comes first. Nothing is cached. One
/// thread.
class NameLookup {
 public:
  using Done = std::function<void(NameRecords records)>;

  /// What an answer with addresses holds.
  enum class Families {
    kFirst,  ///< Those of one family: AAAA only where there is no A, or as the order has it.
    /// Those of all families in the order, and nobody waits for SRV first: both are asked at once.
    kBoth
  };
  NameLookup(event::EventLoop& loop, const ResolverSettings& settings,
             Families families = Families::kFirst);
  ~NameLookup();

  /// Calls `done` once, from the loop or at once; never after this object is gone.
  void start(std::string_view name, NameRecords::Type last, Done done);

 private:
  class Query;
  const std::vector<RecordType> order_;
  const Families families_;
  const std::optional<std::chrono::seconds> validTtl_;
  DnsChannel channel_;
};

}  // namespace tollgate::net
