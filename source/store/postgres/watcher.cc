#include "source/store/postgres/watcher.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "source/store/postgres/postgres_connection.h"
#include "source/store/postgres/wait.h"

namespace tollgate::store {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

const std::string kMessageMark = "message ";
constexpr milliseconds kFirstBackoff{100};
constexpr milliseconds kLastBackoff{3000};
constexpr milliseconds kProbeWait{3000};

}  // namespace

Watcher::Watcher(PostgresSettings settings, std::string writer, std::function<void()> changed,
                 std::function<void(const std::string& message)> heard)
    : settings_(std::move(settings)),
      writer_(std::move(writer)),
      changed_(std::move(changed)),
      heard_(std::move(heard)),
      stop_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  thread_ = std::thread([this] { run(); });
}

Watcher::~Watcher() {
  uint64_t one = 1;
  (void)!::write(stop_, &one, sizeof(one));
  thread_.join();
  ::close(stop_);
}

void Watcher::run() {
  milliseconds backoff{0};
  do {
    backoff = listen() ? milliseconds(0) : std::clamp(backoff * 2, kFirstBackoff, kLastBackoff);
  } while (waitFor(-1, 0, Clock::now() + backoff, stop_) != Wait::kInterrupted);
}

bool Watcher::listen() {
  auto connected = Session::connect(settings_, Clock::now() + settings_.connectTimeout, stop_);
  if (!connected) return false;
  Session& session = **connected;
  std::string server;
  Status status = session.script(
      std::string("LISTEN ") + PostgresConnection::kChannel + "; SELECT pg_backend_pid()",
      [&](const SqlRow& row) { server = row[0].value_or(""); }, Clock::now() + settings_.timeout);
  if (status.ok()) status = look(session);
  if (!status) return false;
  if (!probed_ && server != std::to_string(session.backendPid()) && !probe(session)) return true;
  while (true) {
    auto notes = session.notifications(Clock::now() + settings_.pollInterval);
    if (!notes) return true;
    take(*notes);
    if (notes->empty() && !look(session)) return true;
  }
}

/// Somebody else answers in the server's name. If that is a pooler which gives connections away
/// between transactions, notifications end up with whoever has the connection just then.
bool Watcher::probe(Session& session) {
  auto other = Session::connect(settings_, Clock::now() + settings_.connectTimeout, stop_);
  if (!other) return true;
  Status sent = (*other)->script(
      std::string("NOTIFY ") + PostgresConnection::kChannel + ", " + quoteLiteral(writer_),
      [](const SqlRow&) {}, Clock::now() + settings_.timeout);
  if (!sent) return true;
  const auto until = Clock::now() + kProbeWait;
  probed_ = true;
  while (Clock::now() < until) {
    auto notes = session.notifications(until);
    if (!notes) return false;
    take(*notes);
    if (std::find(notes->begin(), notes->end(), writer_) != notes->end()) return true;
  }
  if (settings_.tell) {
    settings_.tell("postgres " + settings_.place() +
                   ": notifications (LISTEN) do not arrive, so that writes of other nodes are seen "
                   "only when this one looks, every db_update_frequency; a pooler in transaction "
                   "mode, such as pgbouncer, stands before the database: connect to the database "
                   "itself, or let the pooler work in session mode");
  }
  return true;
}

std::string Watcher::messageOf(const std::string& writer, const std::string& text) {
  return kMessageMark + writer + " " + text;
}

/// A notification is the name of who has written, or a message.
void Watcher::take(const std::vector<std::string>& notes) {
  const std::string own = messageOf(writer_, "");
  bool foreign = false;
  for (const std::string& note : notes) {
    if (!note.starts_with(kMessageMark)) {
      foreign = foreign || note != writer_;
      continue;
    }
    const size_t space = note.find(' ', kMessageMark.size());
    if (heard_ && space != note.npos && !note.starts_with(own)) heard_(note.substr(space + 1));
  }
  if (foreign) changed_();
}

/// Calls `changed_` if the revision is not the one seen last.
Status Watcher::look(Session& session) {
  Revision revision = 0;
  Status status = session.run(
      "SELECT CAST(COALESCE(MAX(revision), 0) AS TEXT) FROM revisions", {},
      [&](const SqlRow& row) {
        const std::string& text = row[0].value();
        std::from_chars(text.data(), text.data() + text.size(), revision);
      },
      Clock::now() + settings_.timeout);
  if (!status) return status;
  if (revision != known_ || !began_) changed_();
  known_ = revision;
  began_ = true;
  return {};
}

}  // namespace tollgate::store
