#pragma once

#include <string_view>

#include "source/base/json.h"

namespace tollgate::schema {

/// What a kind does beyond its declaration. Functions that a kind does not need are nullptr; each
/// reports problems into `errors`, and what it finds there already stops nothing but its own work.
struct KindRules {
  using Step = void (*)(Json& doc, Json& errors);
  Step takeBody = nullptr;  ///< What a request sends, before it is merged into what is stored.
  Step prepare = nullptr;   ///< The whole document, before defaults and validation.
  Step check = nullptr;     ///< The whole document, after validation; may compute fields.
};

const KindRules& kindRules(std::string_view kind);

}  // namespace tollgate::schema
