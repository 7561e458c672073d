// Whatever is changed in whatever order: a compiler that took the changes one by one makes the same
// snapshot as one that is given the outcome.
#include <map>
#include <random>
#include <sstream>

#include "test/config/support.h"

namespace tollgate::config {
namespace {

using Key = std::pair<std::string, std::string>;  // kind and id
using Entities = std::map<Key, Json>;

class RandomChanges {
 public:
  explicit RandomChanges(unsigned seed) : random_(seed) {}

  /// Changes `entities` and says how; often the change takes something away, and sometimes it does
  /// so in an order that a database would not allow.
  Change next(Entities& entities) {
    static constexpr const char* kKinds[] = {
        "services", "routes", "routes", "consumers", "plugins", "plugins", "keyauth_credentials"};
    std::string kind = kKinds[random_() % std::size(kKinds)];
    std::string id = kind.substr(0, 1) + std::to_string(below(5));
    if (chance(3)) {
      entities.erase({kind, id});
      return {Change::Op::kDelete, kind, id, nullptr};
    }
    Json doc = make(kind);
    doc["id"] = id;
    entities[{kind, id}] = doc;
    return {Change::Op::kReplace, kind, id, std::move(doc)};
  }

 private:
  size_t below(size_t limit) { return random_() % limit; }
  bool chance(size_t of) { return below(of) == 0; }
  void refer(Json& doc, const char* field, const char* letter) {
    doc[field] = {{"id", letter + std::to_string(below(5))}};
  }

  Json make(const std::string& kind) {
    if (kind == "services") {
      return {{"host", "127.0.0.1"},
              {"port", 1000 + below(9)},
              {"protocol", "http"},
              {"enabled", !chance(4)}};
    }
    if (kind == "routes") {
      static const Json kPaths[] = {{"/a"},       {"/a/b"},    {"~/a/[a-z]$"}, {"/"},
                                    {"/a", "/b"}, {"~/(?=x)"}, nullptr};
      Json doc = {{"protocols", chance(9) ? Json{"tcp"} : Json{"http"}},
                  {"paths", kPaths[below(std::size(kPaths))]}};
      if (!chance(4)) refer(doc, "service", "s");
      if (chance(2)) doc["hosts"] = {chance(2) ? "a.test" : "*.test"};
      return doc;
    }
    if (kind == "consumers") return {{"username", "name" + std::to_string(below(4))}};
    if (kind == "keyauth_credentials") {
      Json doc = {{"key", "key" + std::to_string(below(200))}};
      refer(doc, "consumer", "c");
      if (chance(3)) doc["ttl_expires_at"] = 1 + below(100);
      return doc;
    }
    Json doc = {{"name", chance(2) ? "first" : "second"}, {"enabled", !chance(5)}};
    doc["config"]["tag"] = chance(8) ? "broken" : std::to_string(++tag_);
    if (chance(2)) refer(doc, "route", "r");
    if (chance(2)) refer(doc, "service", "s");
    if (chance(2)) refer(doc, "consumer", "c");
    return doc;
  }

  std::mt19937 random_;
  int tag_ = 0;
};

/// Whether the entities could be in a database: keys and names are unique, scopes of plugins too.
bool possible(const Entities& entities) {
  std::map<std::string, int> seen;
  for (const auto& [key, doc] : entities) {
    std::string unique;
    if (key.first == "consumers") unique = "u" + doc["username"].get<std::string>();
    if (key.first == "keyauth_credentials") unique = "k" + doc["key"].get<std::string>();
    if (key.first == "plugins") {
      unique = "p" + doc["name"].dump() + doc.value("route", Json()).dump() +
               doc.value("service", Json()).dump() + doc.value("consumer", Json()).dump();
    }
    if (!unique.empty() && ++seen[unique] > 1) return false;
  }
  return true;
}

std::string describePlan(const http::FilterPlan* plan, const proxy::Snapshot& snapshot) {
  if (plan == nullptr) return "none";
  std::ostringstream out;
  for (const char* id : {"", "c0", "c1", "c2", "c3", "c4"}) {
    const http::Consumer* consumer = snapshot.directory->findConsumerById(id);
    out << '[';
    for (const std::string& tag : tags(*plan, consumer)) out << tag << ' ';
    out << ']';
  }
  out << int{plan->hooks} << ',' << plan->stateBytes;
  return out.str();
}

/// Everything that a request can find out.
std::string describe(const proxy::Snapshot& snapshot) {
  std::ostringstream out;
  for (const char* host : {"a.test", "b.test", "other"}) {
    for (const char* path : {"/", "/a", "/a/b", "/a/bc", "/a/x", "/b", "/c"}) {
      const proxy::Route* route = match(snapshot, path, host);
      out << host << path << ": ";
      if (route != nullptr) {
        const upstream::Service* service = snapshot.serviceOf(*route);
        out << route->id << " to " << (service != nullptr ? service->hostLine : "nothing") << ' '
            << describePlan(snapshot.planOf(*route), snapshot);
      }
      out << '\n';
    }
  }
  out << describePlan(snapshot.globalPlan.get(), snapshot) << '\n';
  for (int i = 0; i < 200; ++i) {
    const http::KeyOwner owner = snapshot.directory->findKey("key" + std::to_string(i));
    if (owner.credential == nullptr) continue;
    out << i << " is " << owner.credential->id << " of " << owner.consumer->id << '\n';
  }
  for (int i = 0; i < 4; ++i) {
    const http::Consumer* consumer =
        snapshot.directory->findConsumerByName("name" + std::to_string(i));
    out << i << (consumer != nullptr ? consumer->id : "") << '\n';
  }
  return out.str();
}

std::vector<std::string> problemsOf(const SnapshotCompiler& compiler) {
  std::vector<std::string> out;
  for (const Error& problem : compiler.problems()) out.push_back(problem.text());
  return out;
}

TEST(Incremental, ChangesOneByOneLeadWhereTheOutcomeLeads) {
  registerFilters();
  for (unsigned seed = 0; seed < 40; ++seed) {
    RandomChanges changes(seed);
    SnapshotCompiler compiler;
    Entities entities;
    std::shared_ptr<const proxy::Snapshot> kept;
    std::string keptText;
    for (int step = 1; step <= 150; ++step) {
      Entities next = entities;
      Change change = changes.next(next);
      if (!possible(next)) continue;
      entities = std::move(next);
      compiler.apply(change);
      if (step % 3 != 0) continue;  // several changes in one snapshot, too
      auto snapshot = compiler.compile(static_cast<store::Revision>(step));
      SnapshotCompiler fresh;
      for (const auto& [key, doc] : entities) {
        fresh.apply({Change::Op::kInsert, key.first, key.second, doc});
      }
      ASSERT_EQ(describe(*snapshot), describe(*fresh.compile(1)))
          << "seed " << seed << " step " << step << " after " << change.kind << ' ' << change.id
          << ' ' << change.doc;
      ASSERT_EQ(problemsOf(compiler), problemsOf(fresh)) << "seed " << seed << " step " << step;
      ASSERT_EQ(compiler.entities(), fresh.entities());
      ASSERT_EQ(compiler.expiredKeys(50).size(), fresh.expiredKeys(50).size());
      if (kept != nullptr) {
        ASSERT_EQ(describe(*kept), keptText) << "a published snapshot changed";
      }
      if (step % 10 == 0 || kept == nullptr) {
        kept = snapshot;
        keptText = describe(*kept);
      }
    }
  }
}

}  // namespace
}  // namespace tollgate::config
