#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/json.h"

namespace tollgate::filters::response_transformer {

/// What is done to a JSON object, in this order. Immutable; any thread.
struct JsonSteps {
  struct Rename {
    std::string from, to;
  };
  struct Change {
    std::string name;
    Json value;
  };
  std::vector<std::string> remove;
  std::vector<Rename> rename;
  std::vector<Change> replace, add, append;

  bool empty() const {
    return remove.empty() && rename.empty() && replace.empty() && add.empty() && append.empty();
  }
  /// The body that results; nullopt where it is no JSON. What is no object stays as it is.
  std::optional<std::string> apply(const std::string& body) const;
};

/// The text as a value of that type: "boolean", "number" or "string"; nullopt where it is none.
std::optional<Json> valueOf(std::string_view text, std::string_view type);

/// Whether one of the media types in Content-Type is JSON, or stands for it ("application/*").
bool isJson(std::string_view contentType);

}  // namespace tollgate::filters::response_transformer
