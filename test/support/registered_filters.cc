// Linked into the tests of what checks or stores plugins: this build's are known to the schemas.
#include <gtest/gtest.h>

#include "filters/http_filters.h"

namespace {

class RegisteredFilters final : public testing::Environment {
 public:
  void SetUp() override { tollgate::filters::registerHttpFilterConfigs(); }
};

[[maybe_unused]] const auto* const kEnvironment =
    testing::AddGlobalTestEnvironment(new RegisteredFilters);

}  // namespace
