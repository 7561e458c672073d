#pragma once

#include "source/admin/context.h"
#include "source/admin/paths.h"
#include "source/admin/reply.h"

/// What every write may say beside its body: why (`X-Reason`), and whether to wait for the other
/// nodes (`?wait=all&timeout=SECONDS`).
namespace tollgate::admin {

/// The longest X-Reason, in bytes.
inline constexpr size_t kMaxReasonBytes = 1024;

/// Fills call.reason and call.wait, or refuses. Without an X-Reason the reason is call.place, which
/// holds no key.
Stop readWriteOptions(Call& call, const WaitLimits& limits);

/// Turns the answer to a write into one that tells which nodes do not run it yet: 202, the body as
/// it was (a body of its own where there was none), `X-Tollgate-Revision` and
/// `X-Tollgate-Lagging: ID;revision=N, …` ("unknown" where the registry did not answer).
void answerLagging(Response& response, store::Revision revision,
                   const std::vector<store::NodeRecord>& lagging, bool unknown);

}  // namespace tollgate::admin
