#pragma once

#include <string>

#include "source/admin/context.h"
#include "source/admin/reply.h"

namespace tollgate::admin {

/// An answer where a service or a plugin still names this certificate authority. Those lists of ids
/// are no foreign keys of the store: an id may be written before its authority. Control thread.
Stop stillReferenced(ApiContext& context, const std::string& authorityId);

}  // namespace tollgate::admin
