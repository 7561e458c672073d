#pragma once

#include <string>
#include <string_view>

namespace tollgate::admin {

/// How paths call a kind. What is not listed is called by its kind everywhere.
struct EndpointNames {
  std::string collection;  ///< "/key-auths"
  std::string nested;      ///< "/consumers/{consumers}/key-auth"
  std::string plugin;      ///< The endpoints exist only where this plugin may run; "" always.
  bool duplicateIdIsOnKey =
      false;  ///< A duplicate id is reported as a conflict of the endpoint key.
};

EndpointNames endpointNames(std::string_view kind);

}  // namespace tollgate::admin
