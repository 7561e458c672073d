#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "source/store/forwarding_store.h"
#include "source/store/sealed/protector.h"

namespace tollgate::store {

/// A store whose secrets never reach the database as they are: they are protected on the way in and
/// opened, where that can be, on the way out. Digests and password hashes stay what they are. The
/// first writer of a database leaves the name of its secret there; a node with another one may read
/// but writes no credentials (see Protector::trouble()). What stands in history() is what was kept,
/// never opened. Threads: as of Store.
class SealingStore final : public ForwardingStore {
 public:
  /// The fact under which the name of the secret stands, or kNoSecret.
  static constexpr std::string_view kSecretFact = "credential_secret";
  static constexpr std::string_view kNoSecret = "none";

  SealingStore(std::unique_ptr<Store> inner, std::shared_ptr<Protector> protector)
      : ForwardingStore(*inner), owned_(std::move(inner)), protector_(std::move(protector)) {}

  Result<Revision> load(const std::function<void(Entity)>& each) override;
  Result<std::vector<Commit>> changesSince(Revision since) override;
  /// The commit's documents are opened, as if they had been read.
  std::variant<Commit, Refusal> transact(std::vector<Change> changes,
                                         const Reason& reason) override;
  std::variant<Revision, Refusal> transactBatches(
      const std::function<Status(const WriteBatch&)>& produce, const Reason& reason) override;
  /// Keys and passwords; a password that is not the same text takes as long as hashing one.
  void matchStored(std::string_view kind, Json& given, const Json& stored) override;
  Result<std::vector<std::optional<Json>>> getMany(std::string_view kind,
                                                   const std::vector<std::string>& ids) override;
  Result<std::optional<Json>> get(std::string_view kind, std::string_view id) override;
  /// `value` as a client knows it, or in its stored form.
  Result<std::optional<Json>> getByUnique(std::string_view kind, std::string_view field,
                                          std::string_view value) override;
  Result<std::vector<Json>> list(std::string_view kind, const ListQuery& query) override;
  /// The store before which this one stands: what it gives is what is kept.
  Store& inner() { return *inner_; }
  /// Leaves the name of this node's secret where none stands. kUnavailable, naming the remedy,
  /// where another one does; then no credentials are written.
  Status claimSecret();
  /// Makes this node's secret that of the database, whatever stood there.
  Status adoptSecret();

 private:
  struct Given;
  std::string ownName() const;
  Status protect(Change& change, Given& given, std::optional<Refusal>& refusal);
  Status keep(Change& change);
  Status takenInOtherForm(const Change& change, const schema::AtRestField& field,
                          const std::string& value, std::optional<Refusal>& refusal);
  void openAll(Commit& commit);

  std::unique_ptr<Store> owned_;  ///< inner_
  std::shared_ptr<Protector> protector_;
  bool claimed_ = false;
  bool told_ = false;  ///< The database has been asked for the name of its secret.
  /// Of the transaction under way: kinds that were empty before, with no keys in other forms.
  std::map<std::string, bool> wasEmpty_;
};

}  // namespace tollgate::store
