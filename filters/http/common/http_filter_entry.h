#pragma once

#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "source/base/json.h"
#include "source/http/filter_factory.h"
#include "source/http/typed_filter.h"
#include "tollgate/schema/v1/options.pb.h"

/// How an HTTP filter becomes known: once, by TOLLGATE_HTTP_FILTER in its own folder. CMake makes
/// the list of all folders (filters/CMakeLists.txt), filters::registerHttpFilters() reads it.
namespace tollgate::filters {

/// What a filter's folder says of it. Its name, priority and version stand in the options of its
/// configuration's message.
struct HttpFilterEntry {
  const google::protobuf::Descriptor* config = nullptr;
  /// What is wrong with a configuration beyond its fields' rules; "" if nothing. May be nullptr.
  std::string (*check)(const Json& config) = nullptr;
  std::unique_ptr<::tollgate::http::HttpFilterFactory> (*makeFactory)() = nullptr;
  std::string_view credentialKind;  ///< Of the credentials that the filter looks up; "" if none.
  ::tollgate::http::CredentialKinds::Read readCredential = nullptr;
};

/// Makes filters of a class that derives from http::Filter (source/http/typed_filter.h) and has, of
/// each of the following, what it needs:
///   a constructor (const Config&), or (const Config&, const FilterContext&), or a function
///     static Result<std::unique_ptr<Class>> create(const Config&, const FilterContext&);
///   using Shared = ...;            what outlives configurations, one in a process: made from the
///                                  FilterContext with the first filter, then the last argument of
///                                  create() or of the constructor, as Shared&
///   using Credential = ...;        what it makes of a credential's document: a CredentialData with
///                                  static constexpr std::string_view kKind (one filter a kind) and
///                                  static std::unique_ptr<const CredentialData> read(const Json&),
///                                  which never fails: what is wrong with it is kept and told later
///   static std::string check(const Json& config);   see HttpFilterEntry
template <typename Class>
class HttpFilterFactoryOf final : public ::tollgate::http::HttpFilterFactory {
 public:
  using Config = typename Class::Config;
  using Context = ::tollgate::http::FilterContext;
  using Made = Result<std::unique_ptr<::tollgate::http::HttpFilter>>;

  std::string_view name() const override {
    return rules().plugin().empty() ? rules().filter() : rules().plugin();
  }
  int priority() const override { return rules().priority(); }
  std::unique_ptr<google::protobuf::Message> newConfig() const override {
    return std::make_unique<Config>();
  }
  Made create(const google::protobuf::Message& message, const Context& context) const override {
    const auto& config = static_cast<const Config&>(message);
    if constexpr ((::tollgate::http::hooksOf<Class>() & ::tollgate::http::kLog) != 0) {
      if (context.recordsWanted != nullptr) *context.recordsWanted = true;
    }
    if constexpr (kShares) {
      if (!shared_) shared_.emplace(context);
      return make(config, context, *shared_);
    } else if constexpr (std::constructible_from<Class, const Config&>) {
      return make(config);
    } else {
      return make(config, context);
    }
  }

 private:
  static constexpr bool kShares = requires { typename Class::Shared; };
  struct Nothing {};
  template <bool kHas, typename Of>
  struct SharedOf {
    using Type = Nothing;
  };
  template <typename Of>
  struct SharedOf<true, Of> {
    using Type = std::optional<typename Of::Shared>;
  };

  static const schema::v1::EntityRules& rules() {
    return Config::descriptor()->options().GetExtension(schema::v1::entity);
  }
  template <typename... Args>
  static Made make(Args&&... args) {
    using Filter = ::tollgate::http::TypedFilter<Class>;
    if constexpr (requires { Class::create(args...); }) {
      auto made = Class::create(args...);
      if (!made) return made.error();
      return Made(std::make_unique<Filter>(std::move(**made)));
    } else {
      return Made(std::make_unique<Filter>(args...));
    }
  }

  mutable typename SharedOf<kShares, Class>::Type shared_;  ///< Control thread, as create().
};

template <typename Class>
const HttpFilterEntry& httpFilterEntryOf() {
  static const HttpFilterEntry kEntry = [] {
    HttpFilterEntry entry;
    entry.config = Class::Config::descriptor();
    if constexpr (requires(const Json& config) { Class::check(config); }) {
      entry.check = &Class::check;
    }
    if constexpr (requires { typename Class::Credential; }) {
      entry.credentialKind = Class::Credential::kKind;
      entry.readCredential = &Class::Credential::read;
    }
    entry.makeFactory = []() -> std::unique_ptr<::tollgate::http::HttpFilterFactory> {
      return std::make_unique<HttpFilterFactoryOf<Class>>();
    };
    return entry;
  }();
  return kEntry;
}

}  // namespace tollgate::filters

#define TOLLGATE_HTTP_FILTER_NAMED(folder, Class)                                          \
  extern "C" const ::tollgate::filters::HttpFilterEntry* tollgate_http_filter_##folder() { \
    return &::tollgate::filters::httpFilterEntryOf<Class>();                               \
  }
#define TOLLGATE_HTTP_FILTER_IN(folder, Class) TOLLGATE_HTTP_FILTER_NAMED(folder, Class)
/// Declares the filter of this folder; in one of its .cc, in any namespace. What `Class` has to
/// have: HttpFilterFactoryOf.
#define TOLLGATE_HTTP_FILTER(Class) TOLLGATE_HTTP_FILTER_IN(TOLLGATE_HTTP_FILTER_FOLDER, Class)
