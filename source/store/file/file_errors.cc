#include "source/store/file/file_errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace tollgate::store {
namespace {

/// Arrays longer than this are not padded with nulls to reach one error: an object by position
/// says the same.
constexpr size_t kMaxPadding = 10000;

constexpr const char* kUnreadable = "failed parsing declarative configuration: ";

void put(Json& tree, const Path& path, size_t from, const std::string& message) {
  if (from == path.size()) {
    if (tree.is_null()) tree = message;
    return;
  }
  if (const auto* name = std::get_if<std::string>(&path[from])) {
    if (*name == "@entity") {
      if (tree.is_null()) tree = Json::object();
      if (tree.is_object()) tree["@entity"].push_back(message);
      return;
    }
    if (tree.is_null()) tree = Json::object();
    if (tree.is_object()) put(tree[*name], path, from + 1, message);
    return;
  }
  size_t index = std::get<size_t>(path[from]);
  if (tree.is_null()) tree = index > kMaxPadding ? Json::object() : Json::array();
  if (tree.is_object()) {
    put(tree[std::to_string(index + 1)], path, from + 1, message);
  } else if (tree.is_array() && index <= kMaxPadding) {
    while (tree.size() <= index) tree.push_back(nullptr);
    put(tree[index], path, from + 1, message);
  }
}

/// Whether the error is of a plugin's name, which a file may hold in hundreds of places.
bool isMissingPlugin(const FileError& error) {
  return error.path.size() > 1 && error.path.back() == PathStep("name") &&
         error.message.starts_with("plugin '");
}

bool isIdentifier(const std::string& name) {
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0]))) return false;
  return std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return std::isalnum(c) || c == '_'; });
}

}  // namespace

std::string singularOf(const std::string& kind) {
  return kind.ends_with('s') ? kind.substr(0, kind.size() - 1) : kind;
}

std::string FileError::line() const {
  std::string out;
  if (place.line > 0) out = fmt::format("{}:{}: ", place.line, place.column);
  std::string where;
  for (const PathStep& step : path) {
    if (const auto* name = std::get_if<std::string>(&step)) {
      if (*name == "@entity") continue;
      where += (where.empty() ? "" : ".") + *name;
    } else {
      where += fmt::format("[{}]", std::get<size_t>(step) + 1);
    }
  }
  if (!where.empty()) out += where + ": ";
  out += message;
  if (!hint.empty()) out += "; " + hint;
  return out;
}

void FileErrors::add(FileError error) {
  if (isMissingPlugin(error)) ++plugins_[error.message];
  if (++total_ > kMaxListed) return;
  list_.push_back(std::move(error));
  ofEntity_.push_back(false);
}

void FileErrors::addEntity(EntityErrors entity) {
  Json told = Json::array();
  for (FileError& error : entity.errors) {
    std::string field;
    bool whole = false;
    for (size_t i = entity.path.size(); i < error.path.size(); ++i) {
      const auto* name = std::get_if<std::string>(&error.path[i]);
      whole = whole || (name != nullptr && *name == "@entity");
      field += (field.empty() ? "" : ".") +
               (name != nullptr ? *name : std::to_string(std::get<size_t>(error.path[i]) + 1));
    }
    whole = whole || field.empty();
    Json one = {{"type", whole ? "entity" : "field"}, {"message", error.message}};
    if (!whole) one["field"] = field;
    told.push_back(std::move(one));
    if (error.reference && !entity.key.empty() && total_ < kMaxListed) {
      references_.push_back({list_.size(), entity.kind, entity.key});
    }
    add(std::move(error));
    if (total_ <= kMaxListed) ofEntity_.back() = true;
  }
  if (flattened_.size() >= kMaxListed) return;
  Json out = {{"entity_type", singularOf(entity.kind)}, {"errors", std::move(told)}};
  for (const char* name : {"name", "id", "tags"}) {
    if (!entity.entity.is_object()) break;
    auto found = entity.entity.find(name);
    if (found == entity.entity.end()) continue;
    bool fits = std::string_view(name) == "tags" ? found->is_array() : found->is_string();
    if (fits) out[std::string("entity_") + name] = *found;
  }
  out["entity"] = std::move(entity.entity);
  flattened_.push_back(std::move(out));
}

void FileErrors::setSyntax(std::string message, Place place) {
  syntax_ = true;
  add({{}, std::move(message), place});
}

Json FileErrors::fields() const {
  Json out = Json::object();
  if (syntax_) {
    const FileError& error = list_.front();
    const std::string place =
        error.place.line == 0 ? "" : fmt::format("{}:{}: ", error.place.line, error.place.column);
    out["error"] = kUnreadable + (place + error.message);
    return out;
  }
  for (size_t i = 0; i < list_.size(); ++i) {
    auto reference = std::find_if(references_.begin(), references_.end(),
                                  [&](const Reference& one) { return one.error == i; });
    if (reference == references_.end()) put(out, list_[i].path, 0, list_[i].message);
  }
  for (const Reference& reference : references_) {
    const FileError& error = list_[reference.error];
    Json& ofKind = out[reference.kind];
    if (ofKind.is_null()) ofKind = Json::object();
    if (ofKind.is_object()) {
      ofKind[reference.key].push_back(error.message);
    } else {
      put(out, error.path, 0, error.message);
    }
  }
  return out;
}

Json FileErrors::fieldsWithoutEntities() const {
  Json out = Json::object();
  for (size_t i = 0; i < list_.size(); ++i) {
    if (!ofEntity_[i]) put(out, list_[i].path, 0, list_[i].message);
  }
  return out;
}

Json FileErrors::flattened() const { return flattened_; }

std::string FileErrors::text(const Json& value) {
  if (value.is_string()) return value.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string out;
  auto add = [&](const std::string& part) { out += (out.empty() ? "" : ",") + part; };
  if (value.is_array()) {
    bool dense = true;
    for (size_t i = 0; i < value.size(); ++i) {
      if (value[i].is_null()) {
        dense = false;
      } else {
        add((dense ? "" : fmt::format("[{}]=", i + 1)) + text(value[i]));
      }
    }
    return "{" + out + "}";
  }
  if (!value.is_object()) return value.dump();
  for (const auto& [name, item] : value.items()) {
    add((isIdentifier(name) ? name : "[\"" + name + "\"]") + "=" + text(item));
  }
  return "{" + out + "}";
}

std::vector<std::string> FileErrors::lines(const std::string& file) const {
  std::vector<std::string> out;
  auto plugins = plugins_;
  size_t told = 0;
  for (const FileError& error : list_) {
    // "file:line:column: …", as compilers print it.
    std::string line = file + (error.place.line > 0 ? ":" : ": ") + error.line();
    if (isMissingPlugin(error)) {
      auto places = plugins.extract(error.message);
      if (places.empty()) continue;
      told += places.mapped();
      if (places.mapped() > 1) line += fmt::format(" ({} places)", places.mapped());
    } else {
      ++told;
    }
    out.push_back(std::move(line));
  }
  if (total_ > told) {
    out.push_back(fmt::format("{}: {} more errors; mend these first", file, total_ - told));
  }
  return out;
}

}  // namespace tollgate::store
