#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/templates/template.h"

namespace tollgate::filters::request_transformer {

/// What is done to the header fields, the arguments or the body of a request, in the order in which
/// it is done. Immutable; any thread.
struct Steps {
  struct Rename {
    std::string from, to;
  };
  struct Change {
    std::string name;
    templates::Template value;
  };
  std::vector<std::string> remove;
  std::vector<Rename> rename;
  std::vector<Change> replace, add, append;

  bool empty() const {
    return remove.empty() && rename.empty() && replace.empty() && add.empty() && append.empty();
  }
  /// Whether a template asks for header fields.
  bool usesHeaders() const;
};

class Arguments;
class Rendering;

/// Does the steps to a query or a form; whether that has changed anything.
bool transform(const Steps& steps, Arguments& arguments, Rendering& render);

/// Renders the templates of one request. After the first that fails everything is empty.
class Rendering {
 public:
  Rendering(templates::Variables& variables, Arena& arena) : variables_(variables), arena_(arena) {}

  std::string_view operator()(const templates::Template& text);
  bool failed() const { return failure_.has_value(); }
  /// Names the template.
  const std::string& failure() const { return *failure_; }
  /// For what goes wrong with what was rendered.
  void fail(const templates::Template& text, std::string_view why);

 private:
  templates::Variables& variables_;
  Arena& arena_;
  std::optional<std::string> failure_;
};

}  // namespace tollgate::filters::request_transformer
