#pragma once

#include "source/schema/entity_schema.h"
#include "source/stats/registry.h"

namespace tollgate::admin {

/// A snapshot as /status shows it: each metric by its name, with an object for each label around
/// its values. A histogram is an object of "count", "sum" and "buckets", which count what is up to
/// their bound, as Prometheus has them.
Json metricsJson(const stats::Snapshot& snapshot);

}  // namespace tollgate::admin
