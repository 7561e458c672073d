#pragma once

#include <memory>
#include <string>

#include "source/config/compiled_consumers.h"
#include "source/config/compiled_kind.h"
#include "source/config/directory.h"

namespace tollgate::config {

/// The credentials of one kind that filters look up, in the directory. Keys have a store of their
/// own: CompiledKeys.
class CompiledCredentials final : public CompiledKind {
 public:
  /// `kind`: a number of http::CredentialKinds.
  CompiledCredentials(size_t kind, SnapshotDirectory& directory, CompiledConsumers& consumers);

  void put(const std::string& id, const Json& doc) override;
  void remove(const std::string& id) override;
  size_t size() const override { return byId_.size(); }

 private:
  const http::CredentialKinds::Entry& kind_;
  const schema::EntitySchema& schema_;
  const std::string field_;  ///< By which they are found.
  CowSet<CredentialEntry, CredentialValue>& byValue_;
  CompiledConsumers& consumers_;
  CowSet<CredentialEntry, CredentialId> byId_;
};

}  // namespace tollgate::config
