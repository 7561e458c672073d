#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "source/store/file/declarative_file.h"
#include "source/store/forwarding_store.h"
#include "source/store/sealed/protector.h"

namespace tollgate::store {

/// The store of a node without a database. What was declared is read from its text by load(),
/// entity by entity, and nothing of it is kept; only when somebody asks for or changes an entity
/// the store behind is filled, from the same text, and answers from then on. A node whose Admin API
/// nobody reads pays no memory for documents.
///
/// The first thing that asks waits for the filling, as long as an import of the text takes.
class DeclaredStore final : public ForwardingStore {
 public:
  /// `inner` is empty, and protects credentials with `protector`.
  DeclaredStore(std::unique_ptr<Store> inner, std::shared_ptr<Protector> protector);
  ~DeclaredStore() override;

  /// What load() gives. `source` must be readable, and the same, for as long as the store lives.
  /// Before the first load(). `now` (Unix seconds) is the time of what the text gives no time.
  void declare(TextSource source, double now);
  /// There is nothing to load (any more).
  void forget();
  /// What was wrong with the text when load() failed of it; empty else.
  const FileErrors& errors() const { return errors_; }
  /// See DeclarativeFile::warnings(); after load().
  const std::vector<std::string>& warnings() const { return warnings_; }
  /// Whether the documents are in memory.
  bool filled() const { return filled_; }

  /// kInvalid where the text has errors(); the message is their lines.
  Result<Revision> load(const std::function<void(Entity)>& each) override;
  Result<std::vector<Commit>> changesSince(Revision since) override;
  Result<Revision> revision() override;
  std::variant<Commit, Refusal> transact(std::vector<Change> changes,
                                         const Reason& reason) override;
  std::variant<Revision, Refusal> transactBatches(
      const std::function<Status(const WriteBatch&)>& produce, const Reason& reason) override;
  Result<std::vector<std::optional<Json>>> getMany(std::string_view kind,
                                                   const std::vector<std::string>& ids) override;
  Result<std::optional<Json>> get(std::string_view kind, std::string_view id) override;
  Result<std::optional<Json>> getByUnique(std::string_view kind, std::string_view field,
                                          std::string_view value) override;
  Result<std::vector<Json>> list(std::string_view kind, const ListQuery& query) override;
  History* history() override;

 private:
  class PastOfDeclared;
  using Name = std::pair<std::string, std::string>;  ///< Kind and id.

  Status fill();
  Status readAll(bool parentsFirst, const std::function<Status(Declared)>& each);

  std::unique_ptr<Store> owned_;  ///< inner_
  std::shared_ptr<Protector> protector_;
  std::unique_ptr<PastOfDeclared> past_;
  TextSource source_;  ///< `open` is empty where nothing was declared.
  double now_ = 0;
  bool filled_ = true;  ///< Or there is nothing to fill it with.
  Revision revision_ = 0;
  /// Keys and secrets that were made up when the text was first read: the values that are served.
  std::map<Name, Json> madeUp_;
  FileErrors errors_;
  std::vector<std::string> warnings_;
};

}  // namespace tollgate::store
