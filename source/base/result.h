#pragma once

#include <cassert>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace tollgate {

/// What went wrong, where, and what kind of failure it is. `message` is for an operator: it names
/// the object and, where there is one, the remedy. It never carries a secret.
struct Error {
  enum class Kind {
    kInvalid,      ///< The input is wrong; the same call fails again.
    kNotFound,     ///< What was asked for does not exist.
    kConflict,     ///< It collides with something that exists.
    kUnavailable,  ///< A peer (database, network, disk) is out of reach; a later call may succeed.
    kInternal,     ///< A fault of our own.
  };
  Kind kind = Kind::kInternal;
  std::string message;
  std::string place;  ///< File and line of a config, field path, endpoint; may be empty.

  static Error invalid(std::string message, std::string place = {}) {
    return {Kind::kInvalid, std::move(message), std::move(place)};
  }
  static Error notFound(std::string message) { return {Kind::kNotFound, std::move(message), {}}; }
  static Error conflict(std::string message) { return {Kind::kConflict, std::move(message), {}}; }
  static Error unavailable(std::string message) {
    return {Kind::kUnavailable, std::move(message), {}};
  }
  static Error internal(std::string message) { return {Kind::kInternal, std::move(message), {}}; }

  /// "place: message", or the message alone.
  std::string text() const { return place.empty() ? message : place + ": " + message; }
};

/// A value or the Error that prevented it.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}
  Result(Error error) : state_(std::move(error)) {}

  bool ok() const { return std::holds_alternative<T>(state_); }
  explicit operator bool() const { return ok(); }

  T& value() & {
    assert(ok());
    return std::get<T>(state_);
  }
  const T& value() const& {
    assert(ok());
    return std::get<T>(state_);
  }
  T&& value() && {
    assert(ok());
    return std::get<T>(std::move(state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const& {
    assert(!ok());
    return std::get<Error>(state_);
  }
  Error&& error() && { return std::get<Error>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

/// Success, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const& { return *error_; }
  Error&& error() && { return std::move(*error_); }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace tollgate
