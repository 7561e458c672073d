#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "source/base/result.h"

namespace tollgate::schema {

/// A body of type multipart/form-data (RFC 7578) taken apart. The one parser of them: what looks
/// for a field and what takes it out must see the same parts. Views into the body; any thread.
struct MultipartForm {
  struct Part {
    std::string_view whole;  ///< With its boundary line and the line feed at its end.
    std::string_view value;
    std::string name;   ///< "" if it has none.
    bool json = false;  ///< Of type application/json.
  };

  std::string_view preamble;  ///< Before the first boundary line.
  std::vector<Part> parts;
  std::string_view closing;  ///< From the closing boundary on.

  static Result<MultipartForm> parse(std::string_view body, std::string_view contentType);
  /// The body without the parts of that name.
  std::string without(std::string_view name) const;
};

/// The value of a parameter of a header field ("form-data; name=\"x\""), "" if there is none. Names
/// of parameters count in any case.
std::string parameterOf(std::string_view field, std::string_view name);

}  // namespace tollgate::schema
