#include "source/config/node.h"

#include <google/protobuf/util/json_util.h>
#include <yaml-cpp/yaml.h>

#include <sstream>

#include "source/base/read_file.h"
#include "source/base/utf8.h"
#include "source/schema/message.h"

namespace tollgate::config {
namespace {

constexpr size_t kMaxFileBytes = 16 * 1024 * 1024;

Json toJson(const google::protobuf::Message& message) {
  std::string text;
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  if (!google::protobuf::util::MessageToJsonString(message, &text, options).ok())
    return Json::object();
  return Json::parse(text, nullptr, false);
}

/// Whether a text reads back as that text where it stands without quotes: "127.000" is a number.
bool isPlain(const std::string& text) {
  auto read = schema::parseYamlOrJson("text: " + text, "");
  return read && read->is_object() && read->size() == 1 && (*read)["text"] == text;
}

void emit(YAML::Emitter& out, const std::string& text) {
  if (!isPlain(text)) out << YAML::DoubleQuoted;
  out << text;
}

void emit(YAML::Emitter& out, const Json& value) {
  if (value.is_object()) {
    out << YAML::BeginMap;
    // The name first: it says what the rest is about.
    if (value.contains("name")) emit(out << YAML::Key << "name" << YAML::Value, value["name"]);
    for (const auto& [key, member] : value.items()) {
      if (key == "name") continue;
      out << YAML::Key;
      emit(out, key);
      out << YAML::Value;
      emit(out, member);
    }
    out << YAML::EndMap;
  } else if (value.is_array()) {
    out << YAML::BeginSeq;
    for (const Json& item : value) emit(out, item);
    out << YAML::EndSeq;
  } else if (value.is_string()) {
    emit(out, value.get<std::string>());
  } else if (value.is_boolean()) {
    out << value.get<bool>();
  } else {
    out << value.dump();
  }
}

}  // namespace

Json configOf(const node::v1::Filter& filter) {
  return filter.has_config() ? toJson(filter.config()) : Json::object();
}

Result<node::v1::Node> loadNode(const std::string& path) {
  auto text = readFile(path, {.bytes = kMaxFileBytes});
  if (!text) return Error::invalid("cannot be read: " + text.error().message, path);
  return readNode(*text, path);
}

Result<node::v1::Node> readNode(const std::string& text, const std::string& path) {
  if (text.size() > kMaxFileBytes) return Error::invalid("is larger than 16 MiB", path);
  if (const size_t at = invalidUtf8At(text); at != 0) {
    return Error::invalid("is not UTF-8 at byte " + std::to_string(at), path);
  }
  auto doc = schema::parseYamlOrJson(text, path);
  if (!doc) return doc.error();
  node::v1::Node node;
  if (Status decoded = schema::decodeStrict(*doc, node, ""); !decoded) {
    return Error::invalid(decoded.error().message, path + ": " + decoded.error().place);
  }
  if (node.listeners().empty()) {
    return Error::invalid(
        "names no listener; `tollgate config default` prints a node to begin with", path);
  }
  return node;
}

std::string printNode(const node::v1::Node& node) {
  YAML::Emitter out;
  emit(out, toJson(node));
  return std::string(out.c_str()) + "\n";
}

}  // namespace tollgate::config
