#pragma once

#include "source/admin/context.h"
#include "source/admin/paths.h"

namespace tollgate::admin {

/// A revision with more changes than this is not reverted by request.
inline constexpr size_t kMaxRevertedChanges = 100'000;

/// /revisions, /revisions/{revision} with its changes, /revisions/{revision}/revert, and
/// /revisions/advance for a database that is behind its nodes.
void addRevisionEndpoints(Paths& paths, ApiContext& context);

}  // namespace tollgate::admin
