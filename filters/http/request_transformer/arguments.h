#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/percent.h"

namespace tollgate::filters::request_transformer {

/// Calls `each(name, value)` for the arguments of a query or a form in order, still encoded;
/// `value` is nullptr where there is no "=".
template <typename F>
void forEachArgument(std::string_view arguments, F&& each) {
  while (!arguments.empty()) {
    const size_t end = arguments.find('&');
    const std::string_view whole = arguments.substr(0, end);
    const size_t equals = whole.find('=');
    const bool bare = equals == std::string_view::npos;
    const std::string_view value = bare ? std::string_view() : whole.substr(equals + 1);
    if (!whole.empty()) each(whole.substr(0, equals), bare ? nullptr : &value);
    if (end == std::string_view::npos) return;
    arguments.remove_prefix(end + 1);
  }
}

/// The arguments of a query or a form by their names, decoded.
class Arguments {
 public:
  explicit Arguments(std::string_view text);

  bool has(std::string_view name) const;
  void remove(std::string_view name);
  /// The values go to the new name, in place of those that it has.
  void rename(std::string_view from, std::string_view to);
  void set(std::string_view name, std::string value);
  /// One more value. Where the name stands alone, without any, it gets its first.
  void append(std::string_view name, std::string value);
  /// The values of `others` behind those that are here.
  void join(const Arguments& others);

  /// Encoded again, the names in the order of the text that results.
  std::string sorted() const;
  /// Likewise, in the order in which they came.
  std::string inOrder() const;

 private:
  using Values = std::vector<std::optional<std::string>>;
  struct Entry {
    std::string name;
    Values values;
    std::string text() const;
  };
  Entry* find(std::string_view name);
  Entry& place(std::string_view name);

  std::vector<Entry> entries_;
  std::map<std::string, size_t, std::less<>> places_;  ///< In entries_, by name.
};

}  // namespace tollgate::filters::request_transformer
