#pragma once

#include <memory>

#include "source/http/filter_factory.h"

namespace tollgate::filters {

/// The filter `admin-auth`.
std::unique_ptr<http::HttpFilterFactory> makeAdminAuthFactory();

}  // namespace tollgate::filters
