#pragma once

#include <cstdint>

namespace tollgate::server {

/// Raises the soft limit for descriptors of this process to the hard one, at most to a million:
/// systems keep the soft one low for programs that use select(2). Returns what holds afterwards.
uint64_t raiseDescriptorLimit();

/// The soft limit for descriptors of this process.
uint64_t descriptorLimit();

}  // namespace tollgate::server
