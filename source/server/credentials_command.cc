#include <fmt/format.h>
#include <unistd.h>

#include "source/server/commands.h"
#include "source/server/open_store.h"
#include "source/server/prefix_folder.h"
#include "source/store/sealed/conversion.h"
#include "source/store/sealed/sealing_store.h"

namespace tollgate::server {
namespace {

std::string orNone(const std::string& text) { return text.empty() ? "none" : text; }

int survey(store::SealingStore& store, const OpenedStore& opened) {
  auto report = store::surveyCredentials(store.inner(), *opened.protector);
  if (!report) return fail(report.error().text());
  auto stands = store.fact(store::SealingStore::kSecretFact);
  if (!stands) return fail(stands.error().text());
  bool plain = opened.protector->mode() == store::Protector::Mode::kPlain;
  fmt::print("credential_storage: {}\nsecret of this node: {}\nsecret of the store: {}\n",
             plain ? "plain" : "protected", orNone(opened.credentials->secretId()),
             orNone(*stands));
  for (const auto& [form, count] : report->forms) fmt::print("{}: {}\n", form, count);
  return 0;
}

int convert(store::SealingStore& store, const OpenedStore& opened) {
  if (Status claimed = store.claimSecret(); !claimed) return fail(claimed.error().text());
  bool terminal = ::isatty(STDERR_FILENO) != 0;
  auto progress = [terminal](size_t done) {
    if (terminal) fmt::print(stderr, "\r{} converted", done);
  };
  auto report = store::convertCredentials(store.inner(), *opened.protector, progress);
  if (terminal) fmt::print(stderr, "\n");
  if (!report) return fail(report.error().text());
  fmt::print("{} of {} credentials converted, {} documents of the history\n", report->converted,
             report->credentials, report->history);
  return 0;
}

int adopt(store::SealingStore& store, const OpenedStore& opened) {
  if (Status adopted = store.adoptSecret(); !adopted) return fail(adopted.error().text());
  fmt::print("the secret of the store is now {}\n", orNone(opened.credentials->secretId()));
  return 0;
}

}  // namespace

int runCredentials(const std::string& action, const CommonOptions& common) {
  auto settings = Settings::load(common.conf, Settings::processEnvironment(), common.overrides());
  if (!settings) return fail(settings.error().text());
  const std::string& database = settings->text("database");
  if (database == "off") return fail("database is off: there is no store to look at");
  PrefixFolder prefix(settings->text("prefix"));
  if (Status created = prefix.create(); !created) return fail(created.error().text());
  if (database == "embedded" && action != "status") {
    // It would not hear of what changes, and its own writes must not meet ours.
    if (Status locked = prefix.lock(); !locked) {
      return fail(locked.error().text() + "; stop it first");
    }
  }
  auto opened = openStore(*settings, prefix.path(),
                          action == "adopt" ? OpenFor::kAdoption : OpenFor::kCommand);
  if (!opened) return fail(opened.error().text());
  if (!opened->outage.empty()) return fail(opened->outage);
  auto& store = static_cast<store::SealingStore&>(*opened->store);
  if (action == "status") return survey(store, *opened);
  if (action == "convert") return convert(store, *opened);
  return adopt(store, *opened);
}

}  // namespace tollgate::server
