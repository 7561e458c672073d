#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "source/server/commands.h"
#include "source/server/declarative_config.h"
#include "source/server/open_store.h"
#include "source/server/prefix_folder.h"
#include "source/store/file/export.h"
#include "source/store/file/import.h"

/// `tollgate config init|parse|import|export|diff`: declarative files and stores.
namespace tollgate::server {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kSample =
    R"(# A declarative file: what the gateway does, as one text. Take it up with
# `tollgate config import FILE`, or run on it with database = off and declarative_config = FILE.
# The names of the lists are those of the Admin API's entities; what belongs to an entity may stand
# below it. An entity without an id gets one that follows from its name.
_format_version: "3.0"
_transform: true

# services:
# - name: example
#   url: http://127.0.0.1:9000
#   routes:
#   - name: example
#     paths:
#     - /
#   plugins:
#   - name: rate-limiting
#     config:
#       minute: 60
#       policy: local
#
# consumers:
# - username: bob
#   keyauth_credentials:
#   - key: a-key-that-nobody-guesses
)";

/// Tells a person that something long goes on.
class Progress {
 public:
  explicit Progress(const char* what) : what_(what) {}
  void operator()(size_t entities) {
    if (Clock::now() < next_) return;
    next_ = Clock::now() + std::chrono::seconds(2);
    fmt::print(stderr, "{}: {} entities after {} s\n", what_, entities, seconds());
  }
  int64_t seconds() const {
    return std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - begin_).count();
  }

 private:
  const char* what_;
  Clock::time_point begin_ = Clock::now(), next_ = begin_ + std::chrono::seconds(2);
};

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

int failed(const std::string& text, int code = 1) {
  fail(text);
  return code;
}

/// Everything that is wrong with a file, a line each.
int printErrors(const store::FileErrors& errors, const std::string& file, int code) {
  fmt::print(stderr, "Error: Failed parsing:\n");
  for (const std::string& line : errors.lines(file)) fmt::print(stderr, "{}\n", line);
  return code;
}

void printWarnings(const std::vector<std::string>& warnings) {
  for (const std::string& line : warnings) fmt::print(stderr, "[warn] {}\n", line);
}

std::string textOf(const store::Refusal& refusal) {
  using Kind = store::Refusal::Kind;
  const auto* schema = schema::EntitySchema::find(refusal.entityKind);
  Json fields = refusal.fields;
  for (auto& [name, value] : fields.items()) {
    if (schema != nullptr && schema->isSecret(name)) value = "******";
  }
  std::string shown = fields.is_null() ? "" : " " + fields.dump();
  switch (refusal.kind) {
    case Kind::kUnique:
      return "another entity of " + refusal.entityKind + " has the same" + shown +
             "; give the file's entity that one's id, or another name";
    case Kind::kPrimaryKey:
      return "an entity of " + refusal.entityKind + " was created meanwhile:" + shown +
             "; import again";
    case Kind::kForeignMissing:
      return "an entity to which " + refusal.entityKind + " refer was removed meanwhile:" + shown +
             "; import again";
    default:
      return refusal.message.empty() ? "refused:" + shown : refusal.message;
  }
}

struct Opened {
  Settings settings;
  OpenedStore store;
};

/// The store of the settings; with `database = off` one that holds what the node would start with.
Result<Opened> open(const CommonOptions& common) {
  auto settings = Settings::load(common.conf, Settings::processEnvironment(), common.overrides());
  if (!settings) return settings.error();
  PrefixFolder prefix(settings->text("prefix"));
  if (Status created = prefix.create(); !created) return created.error();
  auto opened = openStore(*settings, prefix.path());
  if (!opened) return opened.error();
  if (!opened->outage.empty()) return Error::unavailable(opened->outage);
  if (settings->text("database") == "off") {
    DeclarativeConfig config(*settings, prefix.path());
    if (Status loaded = config.loadInto(*opened->store); !loaded) return loaded.error();
  }
  return Opened{std::move(settings).value(), std::move(opened).value()};
}

int init(std::string file) {
  if (file.empty()) file = "kong.yml";
  std::FILE* out = std::fopen(file.c_str(), "wx");
  if (out == nullptr) {
    if (errno == EEXIST) return fail(file + " already exists.\nWill not overwrite it.");
    return fail("cannot write " + file + ": " + std::strerror(errno));
  }
  bool written = std::fputs(kSample, out) >= 0;
  written = std::fclose(out) == 0 && written;
  return written ? 0 : fail("cannot write " + file);
}

}  // namespace

int checkDeclarative(const CommonOptions& common, const std::string& file) {
  auto settings = Settings::load(common.conf, Settings::processEnvironment(), common.overrides());
  if (!settings) return fail(settings.error().text());
  Progress progress("parsing");
  store::DeclarativeOptions options;
  options.now = now();
  options.withoutDatabase = settings->text("database") == "off";
  options.progress = [&](size_t entities) { progress(entities); };
  store::DeclarativeFile declared(store::TextSource::file(file), options);
  Status done = declared.read([](store::Declared) { return Status(); });
  if (!done) return fail(done.error().text());
  printWarnings(declared.warnings());
  return declared.errors().empty() ? 0 : printErrors(declared.errors(), file, 1);
}

namespace {

/// A node on the embedded store looks into it only now and then: tell it.
void wakeNode(const Settings& settings) {
  if (settings.text("database") != "embedded") return;
  int pid = PrefixFolder(settings.text("prefix")).runningPid();
  if (pid > 0) ::kill(pid, SIGHUP);
}

int importFrom(const CommonOptions& common, const std::string& file) {
  auto opened = open(common);
  if (!opened) return fail(opened.error().text());
  if (opened->settings.text("database") == "off") {
    return fail(
        "database is off: there is no store to import into; name the file as declarative_config, "
        "or post it to /config");
  }
  Progress progress("importing");
  store::ImportOptions options;
  options.now = now();
  options.reason = {"command line", "config import " + file};
  options.progress = [&](size_t entities) { progress(entities); };
  auto done = store::importFile(*opened->store.store, store::TextSource::file(file), options);
  if (!done) return fail(done.error().text());
  printWarnings(done->warnings);
  if (!done->errors.empty()) return printErrors(done->errors, file, 1);
  if (done->refusal) {
    return fail("nothing was imported: " + textOf(*done->refusal));
  }
  if (done->revision > 0) wakeNode(opened->settings);
  const store::ImportCounts& counts = done->counts;
  fmt::print("import successful: {} created, {} updated, {} unchanged", counts.created,
             counts.updated, counts.unchanged);
  if (done->revision > 0) fmt::print(" (revision {})", done->revision);
  fmt::print("\n");
  return 0;
}

/// Writes beside the file and puts it in place when it is complete.
int exportTo(store::Store& store, const std::string& file) {
  std::string fresh = file + ".part";
  constexpr int kAttempts = 5;
  Status done;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (Status empty = writeFile(fresh, ""); !empty) return fail(empty.error().text());
    std::ofstream out(fresh, std::ios::binary);  // keeps the mode, which is for its owner only
    done = store::exportStore(store, [&](std::string_view text) -> Status {
      out.write(text.data(), static_cast<std::streamsize>(text.size()));
      if (out) return {};
      return Error::unavailable("cannot write " + fresh + ": " + std::strerror(errno));
    });
    out.close();
    if (done && !out) done = Error::unavailable("cannot write " + fresh);
    if (done || done.error().kind != Error::Kind::kConflict) break;
  }
  // link() refuses what has come to stand there meanwhile, rename() would not.
  if (done && ::link(fresh.c_str(), file.c_str()) != 0) {
    done = errno == EEXIST
               ? Error::conflict(file + " already exists.\nWill not overwrite it.")
               : Error::unavailable("cannot write " + file + ": " + std::strerror(errno));
  }
  ::unlink(fresh.c_str());
  return done ? 0 : fail(done.error().text());
}

int exportAll(const CommonOptions& common, std::string file) {
  if (file.empty()) file = "kong.yml";
  std::error_code error;
  if (file != "-" && std::filesystem::exists(file, error)) {
    return fail(file + " already exists.\nWill not overwrite it.");
  }
  auto opened = open(common);
  if (!opened) return fail(opened.error().text());
  if (file != "-") return exportTo(*opened->store.store, file);
  auto text = store::exportText(*opened->store.store);
  if (!text) return fail(text.error().text());
  std::fwrite(text->data(), 1, text->size(), stdout);
  return std::fflush(stdout) == 0 ? 0 : fail("cannot write to the standard output");
}

/// What a person calls the entity.
std::string nameOf(const schema::EntitySchema& schema, const Json& doc, const std::string& id) {
  const std::string& key = schema.endpointKey();
  if (key.empty() || schema.isSecret(key) || !doc.contains(key) || !doc[key].is_string()) return id;
  return doc[key].get<std::string>() + " (" + id + ")";
}

void printChange(const store::Change& change, const Json& before) {
  const schema::EntitySchema& schema = *schema::EntitySchema::find(change.kind);
  const std::string name = nameOf(schema, change.doc, change.id);
  if (before.is_null()) {
    fmt::print("+ {} {}\n", change.kind, name);
    return;
  }
  fmt::print("~ {} {}\n", change.kind, name);
  const Json oldShown = schema.masked(before), newShown = schema.masked(change.doc);
  for (const auto& [field, value] : change.doc.items()) {
    if (before.value(field, Json()) == value || field == "updated_at") continue;
    auto shown = [&](const Json& masked) {
      return masked.value(field, Json()).dump(-1, ' ', false, Json::error_handler_t::replace);
    };
    fmt::print("    {}: {} -> {}\n", field, shown(oldShown), shown(newShown));
  }
}

constexpr int kDifferent = 1;
constexpr int kTrouble = 2;

int diff(const CommonOptions& common, const std::string& file) {
  auto opened = open(common);
  if (!opened) return failed(opened.error().text(), kTrouble);
  Progress progress("comparing");
  store::ImportOptions options;
  options.now = now();
  options.progress = [&](size_t entities) { progress(entities); };
  auto done =
      store::diffFile(*opened->store.store, store::TextSource::file(file), options, printChange);
  if (!done) return failed(done.error().text(), kTrouble);
  printWarnings(done->warnings);
  if (!done->errors.empty()) return printErrors(done->errors, file, kTrouble);
  const store::ImportCounts& counts = done->counts;
  fmt::print("{} to create, {} to update, {} unchanged\n", counts.created, counts.updated,
             counts.unchanged);
  return counts.any() ? kDifferent : 0;
}

}  // namespace

int runConfig(const std::string& action, const CommonOptions& common, const std::string& file) {
  if (action == "init") return init(file);
  if (action == "parse") {
    int code = checkDeclarative(common, file);
    if (code == 0) fmt::print("parse successful\n");
    return code;
  }
  if (action == "import" || action == "db_import") return importFrom(common, file);
  if (action == "export" || action == "db_export") return exportAll(common, file);
  return diff(common, file);
}

}  // namespace tollgate::server
