#include "source/server/declarative_config.h"

#include <fmt/format.h>

#include <cstring>
#include <ctime>
#include <filesystem>

#include "source/base/read_file.h"
#include "source/crypto/digest.h"
#include "source/log/error_log.h"
#include "source/server/control.h"
#include "source/server/prefix_folder.h"
#include "source/server/spooled_text.h"
#include "source/store/file/export.h"
#include "source/store/file/import.h"

namespace tollgate::server {

using log::Level;

namespace {

constexpr const char* kHashComment = "# configuration_hash: ";

constexpr size_t kLongestText = size_t{1} << 30;

Result<std::string> readAll(const std::string& path) {
  auto text = readFile(path, {.bytes = kLongestText});
  if (text) return text;
  return Error::unavailable("cannot read " + path + ": " + text.error().message);
}

}  // namespace

DeclarativeConfig::DeclarativeConfig(const Settings& settings, std::string prefix)
    : file_(settings.text("declarative_config")),
      inline_(settings.text("declarative_config_string")),
      prefix_(std::move(prefix)),
      keptFile_(prefix_ + "/declarative.yaml") {}

bool DeclarativeConfig::hasSource() const { return !file_.empty() || !inline_.empty(); }

Result<DeclarativeConfig::Text> DeclarativeConfig::source() const {
  Text out;
  out.any = hasSource();
  if (!out.any) return out;
  out.name = file_.empty() ? "declarative_config_string" : file_;
  out.text = inline_;
  if (!file_.empty()) {
    auto text = readAll(file_);
    if (!text) return Error::invalid("declarative_config: " + text.error().message);
    out.text = std::move(text).value();
  }
  out.hash = crypto::digest(crypto::Hash::kMd5, out.text).hex();
  return out;
}

/// What replaced() kept.
Result<DeclarativeConfig::Text> DeclarativeConfig::kept() const {
  Text out;
  std::error_code error;
  if (!std::filesystem::exists(keptFile_, error)) return out;
  auto text = readAll(keptFile_);
  if (!text) return text.error();
  out.any = true;
  out.name = keptFile_;
  out.text = std::move(text).value();
  out.hash = crypto::digest(crypto::Hash::kMd5, out.text).hex();
  if (out.text.starts_with(kHashComment)) {
    std::string told = out.text.substr(std::strlen(kHashComment), 32);
    if (told.find_first_not_of("0123456789abcdef") == std::string::npos) out.hash = told;
  }
  return out;
}

Result<std::vector<store::Change>> DeclarativeConfig::plan(store::Store& store,
                                                           const Text& text) const {
  auto plan = store::planReplacement(store, store::TextSource::text(text.name, text.text),
                                     static_cast<double>(std::time(nullptr)));
  if (!plan) return plan.error();
  for (const std::string& line : plan->warnings) log::error(Level::kWarn, line);
  if (plan->errors.empty()) return std::move(plan->changes);
  return Error::invalid(errorText(text.name, plan->errors));
}

std::string DeclarativeConfig::errorText(const std::string& name,
                                         const store::FileErrors& errors) const {
  std::string out = "error parsing declarative config file " + name + ":";
  if (file_.empty() && hasSource()) out = "error parsing declarative string:";
  for (const std::string& line : errors.lines(name)) out += "\n" + line;
  if (!file_.empty()) {
    out += "\nmend the file; `tollgate config parse " + file_ + "` checks it";
  }
  return out;
}

/// Nobody asked for the kept file, so it must not keep the node from starting.
void DeclarativeConfig::setAside(const std::string& error) const {
  std::string aside = keptFile_ + ".damaged";
  std::error_code ignored;
  std::filesystem::rename(keptFile_, aside, ignored);
  log::error(Level::kError,
             fmt::format("{}\nthe kept configuration was moved to {}; post it anew to /config",
                         error, aside));
}

Status DeclarativeConfig::declareIn(store::DeclaredStore& store) {
  auto text = hasSource() ? source() : kept();
  if (!text) return text.error();
  if (!text->any) return {};
  store.declare(spoolText(prefix_, text->name, std::move(text->text)),
                static_cast<double>(std::time(nullptr)));
  setHash(text->hash);
  return {};
}

Status DeclarativeConfig::loadFailed(store::DeclaredStore& store) {
  const std::string text = errorText(hasSource() ? file_ : keptFile_, store.errors());
  if (hasSource()) return Error::invalid(text);
  setAside(text);
  store.forget();
  setHash(kNoHash);
  return {};
}

Status DeclarativeConfig::loadInto(store::Store& store) {
  auto text = hasSource() ? source() : kept();
  if (!text) return text.error();
  if (!text->any) return {};
  auto changes = plan(store, *text);
  if (!changes) {
    if (hasSource()) return changes.error();
    setAside(changes.error().text());
    return {};
  }
  if (!changes->empty()) {
    auto done = store.transact(std::move(changes).value(), {"node", "start: " + text->name});
    if (auto* refusal = std::get_if<store::Refusal>(&done)) {
      return Error::invalid(text->name + ": " + refusal->message + refusal->fields.dump());
    }
  }
  setHash(text->hash);
  return {};
}

Status DeclarativeConfig::reload(Control& control) {
  if (!hasSource()) return {};
  auto text = source();
  if (!text) return text.error();
  auto changes = plan(control.store(), *text);
  if (!changes) return changes.error();
  // Named before it serves: who sees the new configuration at work finds its name.
  const std::string before = hash();
  setHash(text->hash);
  if (!changes->empty()) {
    auto done = control.commit(std::move(changes).value(), {"node", "reload: " + text->name});
    if (auto* refusal = std::get_if<store::Refusal>(&done)) {
      setHash(before);
      return Error::invalid(text->name + ": " + refusal->message + refusal->fields.dump());
    }
  }
  return {};
}

void DeclarativeConfig::replaced(const std::string& hash, store::Store& store) {
  setHash(hash);
  if (hasSource()) return;  // that is what the next start takes
  auto text = store::exportText(store);
  Status kept = text ? writeFile(keptFile_, kHashComment + hash + "\n" + *text) : text.error();
  if (!kept) {
    log::error(Level::kError,
               fmt::format("the configuration runs, but is not kept for the next start: {}",
                           kept.error().text()));
  }
}

void DeclarativeConfig::setHash(std::string hash) {
  std::lock_guard lock(mutex_);
  hash_ = std::move(hash);
}

std::string DeclarativeConfig::hash() const {
  std::lock_guard lock(mutex_);
  return hash_;
}

}  // namespace tollgate::server
