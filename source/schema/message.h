#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <string_view>

#include "source/base/json.h"
#include "source/base/result.h"

/// Documents to typed messages. Pure functions; any thread.
namespace tollgate::schema {

/// Fills `out` from a validated document; nulls and members the message lacks are ignored.
Status fillMessage(const Json& doc, google::protobuf::Message& out);
/// As above, but an unknown member or a value of the wrong type is an error with its place
/// ("node.yaml: listeners[0].name").
Result<void> decodeStrict(const Json& doc, google::protobuf::Message& out, std::string place);
/// YAML, of which JSON is a part, to a document. `name` stands in errors beside line:column.
Result<Json> parseYamlOrJson(std::string_view text, std::string name);

}  // namespace tollgate::schema
