#pragma once

#include <mutex>
#include <string>

#include "source/base/result.h"
#include "source/server/settings.h"
#include "source/store/file/declared_store.h"
#include "source/store/store.h"

namespace tollgate::server {

class Control;

/// The configuration of a node without a database: where it comes from at start and on a reload,
/// and what is kept of one that was posted. With declarative_config or declarative_config_string
/// that is the source; without, the last posted configuration is kept in the prefix folder and
/// taken up again. Threads: hash() and empty() from any, the rest on the control thread (or before
/// it starts).
class DeclarativeConfig {
 public:
  /// What `/status` tells while nothing is loaded.
  static constexpr const char* kNoHash = "00000000000000000000000000000000";

  DeclarativeConfig(const Settings& settings, std::string prefix);

  /// Fills the store, for a command. On failure every error is named on a line of its own, with its
  /// place and what to do.
  Status loadInto(store::Store& store);
  /// Declares at start what `store` is to load. Where its load() fails of the text, loadFailed()
  /// gives the error in the words of loadInto(), or nothing where the node can go on without the
  /// text: then the store has nothing to load any more.
  Status declareIn(store::DeclaredStore& store);
  Status loadFailed(store::DeclaredStore& store);
  /// Reads the source again and replaces the configuration; on failure the old one stays.
  Status reload(Control& control);
  /// After a posted configuration was taken over.
  void replaced(const std::string& hash, store::Store& store);

  std::string hash() const;

 private:
  struct Text {
    std::string name;  ///< For errors.
    std::string text, hash;
    bool any = false;
  };
  Result<Text> source() const;
  Result<Text> kept() const;
  bool hasSource() const;
  Result<std::vector<store::Change>> plan(store::Store& store, const Text& text) const;
  std::string errorText(const std::string& name, const store::FileErrors& errors) const;
  void setAside(const std::string& error) const;
  void setHash(std::string hash);

  const std::string file_, inline_;  ///< The settings; "" where they are not set.
  const std::string prefix_, keptFile_;
  mutable std::mutex mutex_;
  std::string hash_ = kNoHash;
};

}  // namespace tollgate::server
