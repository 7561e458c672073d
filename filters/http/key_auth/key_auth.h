#pragma once

#include <memory>

#include "source/http/filter_factory.h"

namespace tollgate::filters {

/// The filter `key-auth`.
std::unique_ptr<http::HttpFilterFactory> makeKeyAuthFactory();

}  // namespace tollgate::filters
