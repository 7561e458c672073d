#pragma once

#include "source/base/result.h"
#include "source/client/services.h"
#include "source/proxy/snapshot.h"
#include "source/server/settings.h"
#include "source/upstream/stream_pool.h"

namespace tollgate::server {

/// The version of the reference's behaviour that the node reports.
inline constexpr const char* kReferenceVersion = "3.10.0";

/// What the settings say about the proxy; errors name the setting.
Result<proxy::ProxySettings> proxySettings(const Settings& settings);
upstream::StreamPool::Settings poolSettings(const Settings& settings);

/// How often the log tells of the same trouble on the data path.
std::chrono::milliseconds repeatInterval(const Settings& settings);

/// What filters may ask of this process.
Result<client::Services::Settings> serviceSettings(const Settings& settings);

/// Threads that serve traffic: nginx_worker_processes, or as many as the processor quota of the
/// process's cgroup (v2, else v1) and its affinity allow, at least one.
Result<int> workerCount(const Settings& settings);
/// Cores that a cgroup's files below `root` allow; 0: no limit. For tests and workerCount().
double cgroupCores(const std::string& root);

}  // namespace tollgate::server
