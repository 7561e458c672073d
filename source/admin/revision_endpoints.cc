#include "source/admin/revision_endpoints.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "source/admin/body.h"
#include "source/admin/errors.h"
#include "source/admin/paging.h"
#include "source/store/history.h"

namespace tollgate::admin {
namespace {

using schema::EntitySchema;
using store::Change;
using store::History;
using store::Revision;

constexpr size_t kNamedConflicts = 10;

bool parseNumber(const std::string& text, uint64_t& number) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

/// The number in an offset of these lists; 0 without one.
uint64_t offsetOf(const Page& page) {
  uint64_t number = 0;
  if (page.after.is_array()) parseNumber(page.after[0].get<std::string>(), number);
  return number;
}

Reply failed(ApiContext& context, const Error& error) {
  if (error.kind == Error::Kind::kNotFound) return message(404, error.message);
  context.logError("admin: store: " + error.text());
  return storeFailed(error);
}

Reply unsupported(const char* verb) {
  return failure(405, 12, "operation unsupported",
                 fmt::format("cannot {} 'revisions' when not using a database", verb), nullptr);
}

/// The history, or the answer of a node without a database.
Stop historyOf(ApiContext& context, const char* verb, History*& history) {
  history = context.store().name() == "off" ? nullptr : context.store().history();
  if (history == nullptr) return unsupported(verb);
  return {};
}

Stop readRevision(Call& call, Revision& revision) {
  if (parseNumber(call.params[0], revision)) return {};
  return message(400, "the revision must be a number");
}

Json print(const History::Entry& entry) {
  return {{"revision", entry.revision},
          {"at", static_cast<double>(entry.atMillis) / 1000},
          {"actor", entry.reason.actor},
          {"address", entry.reason.address.empty() ? Json() : Json(entry.reason.address)},
          {"reason", entry.reason.text},
          {"changes", entry.changes},
          {"kinds", entry.kinds}};
}

/// A document without its secrets; of a kind that is not known everything may be one.
Json printDoc(const std::string& kind, const std::optional<Json>& doc) {
  if (!doc || doc->is_null()) return nullptr;
  const EntitySchema* schema = EntitySchema::find(kind);
  if (schema != nullptr) return schema->masked(*doc);
  Json hidden = *doc;
  if (hidden.is_object()) {
    for (auto& value : hidden) value = schema::kMask;
  }
  return hidden;
}

Json print(const History::PastChange& change) {
  const char* operation = !change.before ? "create" : !change.after ? "delete" : "update";
  Json out = {{"kind", change.kind},
              {"id", change.id},
              {"operation", operation},
              {"before", printDoc(change.kind, change.before)},
              {"after", printDoc(change.kind, change.after)}};
  if (change.unreadable) out["unreadable"] = true;
  return out;
}

std::string restOf(const Page& page) {
  return page.sizeText.empty() ? "" : "&size=" + encodeQuery(page.sizeText);
}

Reply listRevisions(ApiContext& context, Call& call) {
  History* history = nullptr;
  Page page;
  if (Stop stop = historyOf(context, "list", history)) return std::move(*stop);
  if (Stop stop = readPage(call.query, page)) return std::move(*stop);
  auto entries = history->list(offsetOf(page), page.size + 1);
  if (!entries) return failed(context, entries.error());
  const bool more = entries->size() > page.size;
  if (more) entries->resize(page.size);
  Json data = Json::array();
  for (const History::Entry& entry : *entries) data.push_back(print(entry));
  Json last = more ? Json::array({std::to_string(entries->back().revision)}) : Json();
  return Reply::of(200, pageBody(std::move(data), last, "/revisions", restOf(page)));
}

/// A revision and a page of its changes.
Reply oneRevision(ApiContext& context, Call& call) {
  History* history = nullptr;
  Page page;
  Revision revision = 0;
  if (Stop stop = historyOf(context, "read", history)) return std::move(*stop);
  if (Stop stop = readRevision(call, revision)) return std::move(*stop);
  if (Stop stop = readPage(call.query, page)) return std::move(*stop);
  auto entry = history->entry(revision);
  if (!entry) return failed(context, entry.error());
  const uint64_t skip = std::min<uint64_t>(offsetOf(page), entry->changes);
  auto changes = history->changes(revision, skip, page.size);
  if (!changes) return failed(context, changes.error());
  Json data = Json::array();
  for (const History::PastChange& change : *changes) data.push_back(print(change));
  const uint64_t end = skip + changes->size();
  Json last = end < entry->changes ? Json::array({std::to_string(end)}) : Json();
  Json body =
      pageBody(std::move(data), last, "/revisions/" + std::to_string(revision), restOf(page));
  body.update(print(*entry));
  return Reply::of(200, std::move(body));
}

/// Refuses where a later revision changed the same entities.
Stop refuseChangedLater(ApiContext& context, History& history, Revision revision) {
  auto later = history.changedLater(revision, kNamedConflicts);
  if (!later) return failed(context, later.error());
  if (later->empty()) return {};
  Json conflicts = Json::array();
  for (const History::LaterChange& change : *later) {
    conflicts.push_back({{"kind", change.kind}, {"id", change.id}, {"revision", change.revision}});
  }
  const History::LaterChange& first = later->front();
  Reply reply = message(
      409,
      fmt::format("revision {} cannot be reverted: revision {} changed {}/{} again; revert the "
                  "later revisions first, or change the entities by hand",
                  revision, first.revision, first.kind, first.id));
  reply.json["conflicts"] = std::move(conflicts);
  return reply;
}

/// What undoes the changes of a revision, last first.
Stop undo(Revision revision, std::vector<History::PastChange> done, std::vector<Change>& out) {
  for (auto change = done.rbegin(); change != done.rend(); ++change) {
    if (change->unreadable || EntitySchema::find(change->kind) == nullptr) {
      return message(409, fmt::format("revision {} cannot be reverted: this version cannot read "
                                      "what it recorded of {}/{}",
                                      revision, change->kind, change->id));
    }
    Change& back = out.emplace_back();
    back.kind = change->kind;
    back.id = change->id;
    back.expected = change->after ? std::move(*change->after) : Json();
    back.exact = true;
    back.kept = true;
    if (change->before) {
      back.op = Change::Op::kReplace;
      back.doc = std::move(*change->before);
    } else {
      back.op = Change::Op::kDelete;
    }
  }
  return {};
}

/// Constraints that forbid a revert are conflicts, whatever they are for other writes.
Reply refusedRevert(const store::Refusal& refusal, Revision revision) {
  store::Refusal told = refusal;
  const EntitySchema* schema = EntitySchema::find(refusal.entityKind);
  // What collides is of the history, where secrets are not shown.
  if (schema != nullptr && told.fields.is_object()) told.fields = schema->masked(told.fields);
  Reply reply = refused(told, nullptr, "");
  if (refusal.kind == store::Refusal::Kind::kUnavailable) return reply;
  reply.status = 409;
  reply.json["message"] = fmt::format("revision {} cannot be reverted: {}", revision,
                                      reply.json.value("message", std::string()));
  return reply;
}

Reply revert(ApiContext& context, Call& call) {
  History* history = nullptr;
  Revision revision = 0;
  if (Stop stop = historyOf(context, "revert", history)) return std::move(*stop);
  if (Stop stop = readRevision(call, revision)) return std::move(*stop);
  auto entry = history->entry(revision);
  if (!entry) return failed(context, entry.error());
  if (entry->changes == 0 || entry->changes > kMaxRevertedChanges) {
    return message(409,
                   entry->changes == 0
                       ? fmt::format("revision {} changed nothing", revision)
                       : fmt::format("revision {} has {} changes; no more than {} are reverted "
                                     "at once",
                                     revision, entry->changes, kMaxRevertedChanges));
  }
  if (Stop stop = refuseChangedLater(context, *history, revision)) return std::move(*stop);
  auto done = history->changes(revision, 0, entry->changes);
  if (!done) return failed(context, done.error());
  std::vector<Change> changes;
  if (Stop stop = undo(revision, std::move(done).value(), changes)) return std::move(*stop);
  for (const Change& change : changes) {
    if (change.op == Change::Op::kDelete) continue;
    if (Status fit = context.checkEntity(change.kind, change.id, change.doc); !fit) {
      return message(409, fmt::format("revision {} cannot be reverted: {}/{}: {}", revision,
                                      change.kind, change.id, fit.error().text()));
    }
  }
  store::Reason reason = call.reason;
  if (findHeader(call.request, "x-reason") == nullptr) {
    reason.text = fmt::format("revert of revision {}", revision);
  }
  auto outcome = context.commit(std::move(changes), reason);
  if (auto* refusal = std::get_if<store::Refusal>(&outcome)) {
    return refusedRevert(*refusal, revision);
  }
  const Revision now = std::get<store::Commit>(outcome).revision;
  auto written = history->entry(now);
  if (!written) return failed(context, written.error());
  Json body = print(*written);
  body["reverts"] = revision;
  return Reply::of(201, std::move(body));
}

Reply advance(ApiContext& context, Call& call) {
  History* history = nullptr;
  if (Stop stop = historyOf(context, "advance", history)) return std::move(*stop);
  auto advanced = context.advance(call.reason);
  if (!advanced) return failed(context, advanced.error());
  auto written = history->entry(*advanced);
  if (!written) return failed(context, written.error());
  return Reply::of(201, print(*written));
}

}  // namespace

void addRevisionEndpoints(Paths& paths, ApiContext& context) {
  ApiContext* c = &context;
  paths.add("/revisions", {{"GET", [c](Call& call) { return listRevisions(*c, call); }}});
  paths.add("/revisions/{revisions}", {{"GET", [c](Call& call) { return oneRevision(*c, call); }}});
  paths.add("/revisions/{revisions}/revert",
            {{"POST", [c](Call& call) { return revert(*c, call); }}});
  paths.add("/revisions/advance", {{"POST", [c](Call& call) { return advance(*c, call); }}});
}

}  // namespace tollgate::admin
