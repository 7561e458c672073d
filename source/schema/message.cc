#include "source/schema/message.h"

#include <fmt/format.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <yaml-cpp/yaml.h>

#include <cmath>

namespace tollgate::schema {
namespace pb = google::protobuf;
namespace {

constexpr int kMaxDepth = 64;
constexpr size_t kMaxNodes = 1000000;

/// Decodes one document; `strict` decides whether what does not fit is an error.
class Decoder {
 public:
  explicit Decoder(bool strict) : strict_(strict) {}

  Status message(const Json& doc, pb::Message& out, const std::string& place, int depth) {
    if (depth > kMaxDepth) return Error::invalid("nested too deeply", place);
    const pb::Descriptor& type = *out.GetDescriptor();
    if (type.full_name() == "google.protobuf.Struct") return structure(doc, out, place);
    // A message of one list stands for that list (the values of a map).
    if (doc.is_array() && type.field_count() == 1 && type.field(0)->is_repeated()) {
      return field(doc, out, *type.field(0), place, depth);
    }
    if (!doc.is_object()) return Error::invalid("expected a record", place);
    for (const auto& [key, value] : doc.items()) {
      if (value.is_null()) continue;
      const auto* descriptor = type.FindFieldByName(key);
      const std::string where = place.empty() ? key : place + "." + key;
      if (!descriptor) {
        if (strict_) return Error::invalid("unknown field", where);
        continue;
      }
      Status status = field(value, out, *descriptor, where, depth);
      if (!status) return status;
    }
    return {};
  }

 private:
  static Status structure(const Json& doc, pb::Message& out, const std::string& place) {
    if (!doc.is_object()) return Error::invalid("expected a record", place);
    auto status = pb::util::JsonStringToMessage(
        doc.dump(-1, ' ', false, Json::error_handler_t::replace), &out);
    if (!status.ok()) return Error::invalid("not a valid record", place);
    return {};
  }

  Status field(const Json& value, pb::Message& out, const pb::FieldDescriptor& d,
               const std::string& place, int depth) {
    const pb::Reflection& r = *out.GetReflection();
    if (d.is_map()) {
      if (!value.is_object()) return Error::invalid("expected a map", place);
      for (const auto& [key, item] : value.items()) {
        pb::Message* entry = r.AddMessage(&out, &d);
        const auto* type = entry->GetDescriptor();
        Status status = scalar(key, *entry, *type->map_key(), place, depth);
        if (status) status = scalar(item, *entry, *type->map_value(), place + "." + key, depth);
        if (!status) return status;
      }
      return {};
    }
    if (!d.is_repeated()) return scalar(value, out, d, place, depth);
    if (value.is_object() && value.empty()) return {};
    if (!value.is_array()) return Error::invalid("expected an array", place);
    for (size_t i = 0; i < value.size(); ++i) {
      Status status = scalar(value[i], out, d, fmt::format("{}[{}]", place, i), depth);
      if (!status) return status;
    }
    return {};
  }

  Status scalar(const Json& v, pb::Message& out, const pb::FieldDescriptor& d,
                const std::string& place, int depth) {
    using D = pb::FieldDescriptor;
    const pb::Reflection& r = *out.GetReflection();
    const bool many = d.is_repeated();
    const char* wrong = "expected an integer";
    switch (d.cpp_type()) {
      case D::CPPTYPE_MESSAGE:
        return message(v, many ? *r.AddMessage(&out, &d) : *r.MutableMessage(&out, &d), place,
                       depth + 1);
      case D::CPPTYPE_STRING:
        if (!v.is_string()) return Error::invalid("expected a string", place);
        many ? r.AddString(&out, &d, v.get<std::string>())
             : r.SetString(&out, &d, v.get<std::string>());
        return {};
      case D::CPPTYPE_BOOL:
        if (!v.is_boolean()) return Error::invalid("expected a boolean", place);
        many ? r.AddBool(&out, &d, v.get<bool>()) : r.SetBool(&out, &d, v.get<bool>());
        return {};
      case D::CPPTYPE_DOUBLE:
        if (!v.is_number()) return Error::invalid("expected a number", place);
        many ? r.AddDouble(&out, &d, v.get<double>()) : r.SetDouble(&out, &d, v.get<double>());
        return {};
      default:
        break;
    }
    if (!v.is_number()) return Error::invalid(wrong, place);
    const double n = v.get<double>();
    if (n != std::floor(n) || std::abs(n) > 9e15) return Error::invalid(wrong, place);
    const int64_t i = static_cast<int64_t>(n);
    switch (d.cpp_type()) {
      case D::CPPTYPE_INT32:
        if (i < INT32_MIN || i > INT32_MAX) return Error::invalid("out of range", place);
        many ? r.AddInt32(&out, &d, i) : r.SetInt32(&out, &d, i);
        return {};
      case D::CPPTYPE_UINT32:
        if (i < 0 || i > UINT32_MAX) return Error::invalid("out of range", place);
        many ? r.AddUInt32(&out, &d, i) : r.SetUInt32(&out, &d, i);
        return {};
      case D::CPPTYPE_INT64:
        many ? r.AddInt64(&out, &d, i) : r.SetInt64(&out, &d, i);
        return {};
      case D::CPPTYPE_UINT64:
        if (i < 0) return Error::invalid("out of range", place);
        many ? r.AddUInt64(&out, &d, i) : r.SetUInt64(&out, &d, i);
        return {};
      default:
        return Error::internal("field of an unsupported type: " + place);
    }
  }

  bool strict_;
};

Json yamlScalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;  // Quoted.
  if (text == "true" || text == "True") return true;
  if (text == "false" || text == "False") return false;
  if (text == "null" || text == "~" || text.empty()) return nullptr;
  const char c = text[0];
  if ((c >= '0' && c <= '9') || c == '-') {
    Json number = Json::parse(text, nullptr, false);
    if (number.is_number()) return number;
  }
  return text;
}

/// Aliases are expanded; the limit on nodes bounds what they can grow to.
Status convert(const YAML::Node& node, Json& out, const std::string& name, int depth,
               size_t& left) {
  auto place = [&] {
    return fmt::format("{}:{}:{}", name, node.Mark().line + 1, node.Mark().column + 1);
  };
  if (depth > kMaxDepth) return Error::invalid("nested too deeply", place());
  if (left == 0)
    return Error::invalid("too many values (aliases count as what they name)", place());
  --left;
  if (node.IsScalar()) {
    out = yamlScalar(node);
  } else if (node.IsSequence()) {
    out = Json::array();
    for (const auto& item : node) {
      out.push_back(nullptr);
      Status status = convert(item, out.back(), name, depth + 1, left);
      if (!status) return status;
    }
  } else if (node.IsMap()) {
    out = Json::object();
    for (const auto& item : node) {
      if (!item.first.IsScalar()) return Error::invalid("a key must be a scalar", place());
      if (out.contains(item.first.Scalar())) {
        return Error::invalid("key '" + item.first.Scalar() + "' stands twice", place());
      }
      Status status = convert(item.second, out[item.first.Scalar()], name, depth + 1, left);
      if (!status) return status;
    }
  }
  return {};
}

}  // namespace

Status fillMessage(const Json& doc, pb::Message& out) {
  return Decoder(false).message(doc, out, "", 0);
}

Result<void> decodeStrict(const Json& doc, pb::Message& out, std::string place) {
  return Decoder(true).message(doc, out, place, 0);
}

Result<Json> parseYamlOrJson(std::string_view text, std::string name) {
  try {
    Json out;
    size_t left = kMaxNodes;
    Status status = convert(YAML::Load(std::string(text)), out, name, 0, left);
    if (!status) return status.error();
    return out;
  } catch (const YAML::Exception& e) {
    return Error::invalid(e.msg, fmt::format("{}:{}:{}", name, e.mark.line + 1, e.mark.column + 1));
  } catch (const std::exception& e) {
    return Error::invalid(e.what(), name);
  }
}

}  // namespace tollgate::schema
