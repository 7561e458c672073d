#pragma once

#include <string>
#include <string_view>

namespace tollgate::admin {

/// How paths call a kind. What is not listed is called by its kind everywhere.
struct EndpointNames {
  std::string collection;  ///< "/key-auths"
  std::string nested;      ///< "/consumers/{consumers}/key-auth"
  std::string plugin;      ///< The endpoints exist only where this plugin is listed; "" always.
  bool duplicateIdIsOnKey =
      false;                ///< A duplicate id is reported as a conflict of the endpoint key.
  std::string withoutPath;  ///< A reference that has no singular path.
};

EndpointNames endpointNames(std::string_view kind);

}  // namespace tollgate::admin
