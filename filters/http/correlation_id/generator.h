#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace tollgate::http {
class Exchange;
}

namespace tollgate::filters::correlation_id {

/// Makes ids, each in the arena of its exchange. Immutable; any worker.
class Generator {
 public:
  virtual ~Generator() = default;
  virtual std::string_view make(::tollgate::http::Exchange& exchange) const = 0;

  /// "uuid", "uuid#counter" or "tracker".
  static std::unique_ptr<const Generator> named(std::string_view name);
};

}  // namespace tollgate::filters::correlation_id
