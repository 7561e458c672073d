#include "source/schema/pattern_rules.h"

#include <algorithm>

#include "source/base/ascii.h"
#include "source/base/regex.h"
#include "source/schema/characters.h"

namespace tollgate::schema {
namespace {

/// What clients are told of an expression that is well-formed and yet not taken.
std::string limitOf(const Regex::Problem& problem) {
  switch (problem.fault) {
    case RegexFault::kUnsupported:
      return "; look-around and back-references are not supported";
    case RegexFault::kTooLarge:
      return "; it is too large";
    case RegexFault::kSyntax:
      break;
  }
  return "";
}

}  // namespace

std::string checkRegex(const std::string& value) {
  Regex::Problem problem;
  if (Regex::compile(value, &problem) != nullptr) return "";
  return "not a valid regex: " + value + limitOf(problem);
}

std::string checkOrigin(const std::string& value) {
  const bool plain = std::all_of(value.begin(), value.end(), [](unsigned char c) {
    return isAlnum(c) || c == '.' || c == ':' || c == '/' || c == '-';
  });
  Regex::Problem problem;
  if (plain || value == "*" || Regex::compile(value, &problem) != nullptr) return "";
  return "'" + value + "' is not a valid regex" + limitOf(problem);
}

}  // namespace tollgate::schema
