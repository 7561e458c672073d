#pragma once

#include "source/server/control.h"
#include "source/server/settings.h"

namespace tollgate::server {

/// What the settings say about the control thread: db_update_frequency, node_*, history_*,
/// admin_wait_limit. Values out of range are moved into it.
Control::Options controlOptions(const Settings& settings);

}  // namespace tollgate::server
