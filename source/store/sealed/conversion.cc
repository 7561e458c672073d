#include "source/store/sealed/conversion.h"

#include "source/store/sealed/stored_form.h"

namespace tollgate::store {
namespace {

constexpr size_t kDocumentsAtOnce = 500;

std::string schemeOf(const std::string& value) {
  auto form = StoredForm::parse(value);
  if (!form) return "plain";
  std::string text = value.substr(kStoredFormMark.size());
  text = text.substr(0, text.find('$'));
  return form->secretId.empty() ? text : text + " under secret " + form->secretId;
}

/// Calls `each` for every document that holds a credential, all of them read before the first call.
Status forEachHolder(Store& plain, const Protector& protector, ConversionReport& report,
                     const std::function<Status(Entity&)>& each) {
  std::vector<Entity> holders;
  auto loaded = plain.load([&](Entity entity) {
    bool holds = false;
    for (const auto& field : protector.fields(entity.kind)) {
      const std::string* value = field.in(entity.doc);
      if (value == nullptr) continue;
      holds = true;
      ++report.forms[schemeOf(*value)];
    }
    if (holds) holders.push_back(std::move(entity));
  });
  if (!loaded) return loaded.error();
  report.credentials = holders.size();
  for (Entity& holder : holders) {
    if (Status status = each(holder); !status) return status;
  }
  return {};
}

}  // namespace

Result<ConversionReport> surveyCredentials(Store& plain, const Protector& protector) {
  ConversionReport report;
  Status status = forEachHolder(plain, protector, report, [](Entity&) -> Status { return {}; });
  if (!status) return status.error();
  return report;
}

Result<ConversionReport> convertCredentials(Store& plain, const Protector& protector,
                                            const std::function<void(size_t)>& progress) {
  ConversionReport report;
  std::vector<Change> batch;
  auto write = [&]() -> Status {
    if (batch.empty()) return {};
    size_t count = batch.size();
    auto outcome = plain.transact(std::exchange(batch, {}), {"node", "credentials converted"});
    if (auto* refusal = std::get_if<Refusal>(&outcome)) {
      return Error::unavailable("credentials could not be converted: " + refusal->message +
                                refusal->fields.dump());
    }
    report.converted += count;
    progress(report.converted);
    return {};
  };
  Status status = forEachHolder(plain, protector, report, [&](Entity& holder) -> Status {
    auto changed = protector.convert(holder.kind, holder.doc);
    if (!changed) return changed.error();
    if (!*changed) return {};
    batch.push_back({Change::Op::kReplace, holder.kind, holder.id, std::move(holder.doc)});
    return batch.size() >= kDocumentsAtOnce ? write() : Status();
  });
  if (status.ok()) status = write();
  if (!status) return status.error();
  auto history = plain.rewriteHistory([&](std::string_view kind, Json& doc) {
    auto changed = protector.convert(kind, doc);
    return changed.ok() && *changed;
  });
  if (!history) return history.error();
  report.history = *history;
  return report;
}

}  // namespace tollgate::store
