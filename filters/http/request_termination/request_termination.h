#pragma once

#include <memory>

#include "source/http/filter_factory.h"

namespace tollgate::filters {

/// The filter `request-termination`.
std::unique_ptr<http::HttpFilterFactory> makeRequestTerminationFactory();

}  // namespace tollgate::filters
