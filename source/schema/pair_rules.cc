#include "source/schema/pair_rules.h"

#include <algorithm>

#include "source/schema/characters.h"
#include "source/templates/template.h"

namespace tollgate::schema {
namespace {

using templates::Problem;
using templates::Template;

bool fitForHeader(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return isAlnum(c) || c == '-' || c == '_';
  });
}

std::string noHeader(std::string_view name) {
  return "'" + std::string(name) + "' is not a valid header";
}

std::string badTemplate(std::string_view text, const std::string& problem) {
  return "value '" + std::string(text) + "' is not in supported format, error:" + problem;
}

std::string needOfLua(std::string_view text) {
  const Template made(text);
  const bool needs = made.problem().kind == Problem::Kind::kNeedsLua;
  return needs ? badTemplate(text, made.problem().text) : "";
}

}  // namespace

Pair splitPair(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return {text, {}};
  const size_t value = text.find_first_not_of(':', colon);
  return {text.substr(0, colon),
          value == std::string_view::npos ? std::string_view() : text.substr(value)};
}

std::string checkPair(const std::string& value) {
  const size_t colon = value.find(':');
  return colon == std::string::npos || colon == 0 ? "invalid value: " + value : "";
}

std::string checkHeaderPair(const std::string& value) {
  if (std::string error = checkPair(value); !error.empty()) return error;
  const Pair pair = splitPair(value);
  return fitForHeader(pair.name) ? needOfLua(pair.value) : noHeader(pair.name);
}

std::string checkHeaderRename(const std::string& value) {
  if (std::string error = checkPair(value); !error.empty()) return error;
  const Pair pair = splitPair(value);
  for (std::string_view name : {pair.name, pair.value}) {
    if (!fitForHeader(name)) return noHeader(name);
  }
  return "";
}

std::string checkHeaderOfPair(const std::string& value) {
  const std::string_view name = splitPair(value).name;
  return fitForHeader(name) ? "" : noHeader(name);
}

std::string checkNameWithValue(const std::string& value) {
  const Pair pair = splitPair(value);
  if (pair.name.empty()) return "invalid value: " + value;
  return pair.value.empty() ? "key '" + std::string(pair.name) + "' has no value" : "";
}

std::string checkNameWithTemplate(const std::string& value) {
  if (std::string error = checkNameWithValue(value); !error.empty()) return error;
  const std::string_view text = splitPair(value).value;
  const Template made(text);
  const bool fine = made.problem().kind == Problem::Kind::kNone;
  return fine ? "" : badTemplate(text, made.problem().text);
}

std::string checkTemplate(const std::string& value) { return needOfLua(value); }

}  // namespace tollgate::schema
