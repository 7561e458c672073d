#pragma once

#include <functional>

#include "source/store/node_registry.h"
#include "source/store/sql.h"

namespace tollgate::store {

/// The registry in a table of the store's database.
class SqlNodeRegistry final : public NodeRegistry {
 public:
  /// Both must outlive it; `note` is told how each statement ended.
  SqlNodeRegistry(SqlConnection& connection, std::function<Status(Status)> note)
      : connection_(connection), note_(std::move(note)) {}

  Status heartbeat(const NodeRecord& node, bool first, const Limits& limits) override;
  Status forgetOld(const Limits& limits) override;
  Result<std::vector<NodeRecord>> list(const std::string& afterId, size_t limit,
                                       const Limits& limits) override;
  Result<std::vector<NodeRecord>> lagging(Revision revision, size_t limit,
                                          const Limits& limits) override;
  Result<Revision> newestRevision() override;

 private:
  std::string isLive(const Limits& limits) const;
  Result<std::vector<NodeRecord>> select(const std::string& condition,
                                         const std::vector<SqlValue>& parameters, size_t limit,
                                         const Limits& limits);

  SqlConnection& connection_;
  std::function<Status(Status)> note_;
};

}  // namespace tollgate::store
