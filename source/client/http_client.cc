#include "source/client/http_client.h"

#include <algorithm>
#include <utility>

#include "source/base/arena.h"
#include "source/base/ascii.h"
#include "source/http1/client_codec.h"

namespace tollgate::client {
namespace {

using http::HttpReply;

/// Equal where a connection serves both.
std::string keyOf(const http::HttpServer& server) {
  return server.text() + "|" + std::to_string(reinterpret_cast<uintptr_t>(server.tls.get())) + "|" +
         server.serverName;
}

std::string hostFieldOf(const http::HttpServer& server) {
  const uint16_t usual = server.tls != nullptr ? 443 : 80;
  if (server.port != usual) return server.text();
  return server.host.find(':') == std::string::npos ? server.host : "[" + server.host + "]";
}

bool named(const http::HttpFields& fields, std::string_view name) {
  return std::any_of(fields.begin(), fields.end(),
                     [&](const auto& field) { return equalsIgnoreCase(field.first, name); });
}

}  // namespace

struct Http1Client::Call {
  uint64_t id = 0;
  http::HttpCall what;
  Done done;
  std::string key;
  event::TimePoint deadline{};
  uint64_t dialing = 0;
  std::unique_ptr<Line> line;
};

/// A connection with its codec: at most one call at a time.
class Http1Client::Line final : public net::ConnectionHandler,
                                public http::ResponseSink,
                                public event::Deferred {
 public:
  Line(Http1Client& owner, std::string key, std::unique_ptr<net::Connection> connection)
      : key(std::move(key)),
        owner_(owner),
        loop_(owner.dialer_.loop()),
        connection_(std::move(connection)),
        codec_(connection_->output(), {}) {
    connection_->setHandler(*this);
  }

  const std::string key;
  uint64_t callId = 0;  ///< 0: idle.

  void send(const Call& call) {
    callId = call.id;
    limits_ = call.what.limits;
    deadline_ = call.deadline;
    fresh_ = !used_;
    used_ = true;
    answered_ = over_ = false;
    reply_ = {};
    arena_ = std::make_unique<Arena>();
    response_ = arena_->make<http::ResponseHead>(*arena_);
    pins_.clear();
    http::HeaderMap fields(*arena_);
    if (!named(call.what.fields, "host")) {
      fields.add("Host", arena_->copy(hostFieldOf(call.what.server)));
    }
    if (!named(call.what.fields, "user-agent")) fields.add("User-Agent", "tollgate");
    for (const auto& [name, value] : call.what.fields) fields.add(name, value);
    const std::string& body = call.what.body;
    const bool sends = call.what.method != "GET" && call.what.method != "HEAD";
    const auto size = static_cast<int64_t>(body.size());
    http::UpstreamRequest request{call.what.method, call.what.target, &fields};
    codec_.sendHead(request, body.empty(), body.empty() && !sends ? -1 : size, *this);
    if (!body.empty()) {
      buffer::Buffer data(connection_->output().pool());
      data.append(body);
      codec_.sendBody(data, true);
    }
    connection_->markDirty();
    progressed();
  }

  void rest(std::chrono::milliseconds keepAlive) {
    callId = 0;
    reply_ = {};
    pins_.clear();
    loop_.arm(timer_, keepAlive);
  }

  /// Ends the connection; its owner is told of nothing any more.
  void drop() {
    dropped_ = true;
    event::EventLoop::cancel(timer_);
    if (connection_ == nullptr) return;
    connection_->close(net::Connection::Close::kNow, "not wanted any more");
    if (connection_ != nullptr) loop_.deferDelete(std::move(connection_));
  }

  HttpReply takeReply() { return std::move(reply_); }

  // ---- The connection

  void onData(net::Connection& connection, bool end) override {
    if (dropped_) return;
    if (callId == 0) return owner_.lineIdleEnded(*this);
    lastData_ = loop_.now();
    codec_.onData(connection.input(), end);
    if (dropped_) return;
    if (failure_.empty() && !over_) return progressed();
    settle();
  }

  void onClosed(net::Connection&, std::string_view reason) override {
    if (dropped_) return;
    event::EventLoop::cancel(timer_);
    loop_.deferDelete(std::move(connection_));
    if (callId == 0) return owner_.lineIdleEnded(*this);
    const std::string why = failure_.empty() ? std::string(reason) : failure_;
    owner_.lineFailed(*this, why, stale());
  }

  // ---- The response

  void onInformational(int, http::HeaderMap&) override {}
  void onResponseHead(bool end) override {
    answered_ = true;
    reply_.status = response_->status;
    response_->headers.forEach([this](const http::Header& field) {
      std::string name(field.name());
      for (char& c : name) c = lowerByte(c);
      reply_.fields.emplace_back(std::move(name), field.value());
    });
    over_ = end;
  }
  void onResponseBody(buffer::Buffer& data, bool end) override {
    if (reply_.body.size() + data.size() > limits_.maxReplyBytes) {
      failure_ = "its answer is longer than " + std::to_string(limits_.maxReplyBytes) + " bytes";
    } else {
      data.forEach([this](std::string_view part) { reply_.body += part; });
    }
    data.clear();
    over_ = over_ || end;
  }
  void onResponseTrailers(http::HeaderMap&) override { over_ = true; }
  void onResponseError(http::StreamError error, std::string_view detail) override {
    peerClosed_ = error == http::StreamError::kPeerClosed;
    failure_ = peerClosed_ ? "it closed the connection before its answer was complete"
                           : "its answer is not HTTP: " + std::string(detail);
  }
  void onRequestWritable() override {}
  http::ResponseHead& response() override { return *response_; }
  Arena& arena() override { return *arena_; }
  void pin(buffer::SlabRef slab) override { pins_.push_back(std::move(slab)); }

 private:
  /// A kept connection that was closed before it was used again.
  bool stale() const { return !fresh_ && !answered_ && (failure_.empty() || peerClosed_); }

  void settle() {
    event::EventLoop::cancel(timer_);
    if (failure_.empty()) return owner_.lineDone(*this, codec_.reusable());
    owner_.lineFailed(*this, failure_, stale());
  }

  /// Of either side: silence counts from here.
  void progressed() {
    written_ = connection_->bytesWritten();
    const bool sending = !connection_->output().empty();
    loop_.armAt(timer_, std::min(deadline_, loop_.now() + (sending ? limits_.send : limits_.read)));
  }

  void onTimer() {
    if (dropped_) return;
    if (callId == 0) return owner_.lineIdleEnded(*this);
    const bool moved = connection_->bytesWritten() != written_;
    if (moved && loop_.now() < deadline_) return progressed();
    failure_ = connection_->output().empty() ? "no answer in time" : "it does not read in time";
    fresh_ = true;  // not stale: to send again would take as long
    settle();
  }

  Http1Client& owner_;
  event::EventLoop& loop_;
  std::unique_ptr<net::Connection> connection_;
  std::unique_ptr<Arena> arena_;
  std::vector<buffer::SlabRef> pins_;
  http::ResponseHead* response_ = nullptr;
  http1::ClientCodec codec_;
  http::HttpCallLimits limits_;
  event::TimePoint deadline_{}, lastData_{};
  uint64_t written_ = 0;
  HttpReply reply_;
  std::string failure_;
  bool fresh_ = true, used_ = false;  ///< The first call on it is on a fresh connection.
  bool answered_ = false, over_ = false, peerClosed_ = false, dropped_ = false;
  event::MemberTimer<Line, &Line::onTimer> timer_{*this};
};

Http1Client::Http1Client(net::Dialer& dialer) : dialer_(dialer) {}

Http1Client::~Http1Client() { close(); }

void Http1Client::close() {
  for (auto& [id, call] : calls_) {
    if (call->dialing != 0) dialer_.cancel(call->dialing);
    if (call->line == nullptr) continue;
    call->line->drop();
    dialer_.loop().deferDelete(std::move(call->line));
  }
  for (auto& [key, lines] : idle_) {
    for (auto& line : lines) {
      line->drop();
      dialer_.loop().deferDelete(std::move(line));
    }
  }
  calls_.clear();
  idle_.clear();
  idleCount_ = 0;
}

uint64_t Http1Client::call(http::HttpCall what, Done done) {
  auto call = std::make_unique<Call>();
  call->id = nextId_++;
  call->key = keyOf(what.server);
  call->deadline = dialer_.loop().now() + what.limits.whole;
  call->what = std::move(what);
  call->done = std::move(done);
  const uint64_t id = call->id;
  const bool tooMany = calls_.size() >= kMaxCalls;
  Call& kept = *calls_.emplace(id, std::move(call)).first->second;
  tooMany ? finish(id, Error::unavailable("too many calls are under way")) : begin(kept, true);
  return id;
}

void Http1Client::cancel(uint64_t id) {
  auto found = calls_.find(id);
  if (found == calls_.end()) return;
  const std::unique_ptr<Call> call = std::move(found->second);
  calls_.erase(found);
  if (call->dialing != 0) dialer_.cancel(call->dialing);
  if (call->line == nullptr) return;
  call->line->drop();
  dialer_.loop().deferDelete(std::move(call->line));
}

void Http1Client::begin(Call& call, bool mayReuse) {
  if (auto line = mayReuse ? takeIdle(call.key) : nullptr) return sendOn(call, std::move(line));
  dial(call);
}

void Http1Client::dial(Call& call) {
  const http::HttpServer& server = call.what.server;
  net::Dialer::Target target;
  target.host = server.host;
  target.port = server.port;
  target.tls = server.tls;
  target.serverName = server.serverName;
  target.timeout = call.what.limits.connect;
  call.dialing = dialer_.dial(
      std::move(target),
      [this, id = call.id](std::unique_ptr<net::Connection> connection, std::string_view error) {
        Call& call = *calls_.at(id);  // a cancelled one cancels this, too
        call.dialing = 0;
        if (connection == nullptr) return finish(id, Error::unavailable(std::string(error)));
        sendOn(call, std::make_unique<Line>(*this, call.key, std::move(connection)));
      });
}

void Http1Client::sendOn(Call& call, std::unique_ptr<Line> line) {
  call.line = std::move(line);
  call.line->send(call);
}

std::unique_ptr<Http1Client::Line> Http1Client::takeIdle(const std::string& key) {
  auto found = idle_.find(key);
  if (found == idle_.end()) return nullptr;
  std::unique_ptr<Line> line = std::move(found->second.back());
  found->second.pop_back();
  if (found->second.empty()) idle_.erase(found);
  --idleCount_;
  return line;
}

void Http1Client::lineDone(Line& line, bool reusable) {
  const uint64_t id = line.callId;
  Call& call = *calls_.at(id);
  std::unique_ptr<Line> owned = std::move(call.line);
  HttpReply reply = owned->takeReply();
  const auto keepAlive = call.what.limits.keepAlive;
  if (reusable && idleCount_ < kMaxIdle && keepAlive.count() > 0) {
    owned->rest(keepAlive);
    idle_[owned->key].push_back(std::move(owned));
    ++idleCount_;
  } else {
    owned->drop();
    dialer_.loop().deferDelete(std::move(owned));
  }
  finish(id, std::move(reply));
}

void Http1Client::lineFailed(Line& line, std::string_view reason, bool stale) {
  const uint64_t id = line.callId;
  const std::string why(reason);
  Call& call = *calls_.at(id);
  line.drop();
  dialer_.loop().deferDelete(std::move(call.line));
  if (stale && dialer_.loop().now() < call.deadline) return begin(call, false);
  finish(id, Error::unavailable(why));
}

void Http1Client::lineIdleEnded(Line& line) {
  auto found = idle_.find(line.key);
  if (found == idle_.end()) return;
  auto& lines = found->second;
  auto place = std::find_if(lines.begin(), lines.end(),
                            [&](const auto& each) { return each.get() == &line; });
  if (place == lines.end()) return;
  line.drop();
  dialer_.loop().deferDelete(std::move(*place));
  lines.erase(place);
  if (lines.empty()) idle_.erase(found);
  --idleCount_;
}

/// From the loop, so that nobody is called within a call of his own.
void Http1Client::finish(uint64_t id, Result<HttpReply> reply) {
  struct Told {
    Result<HttpReply> reply;
  };
  auto told = std::make_shared<Told>(Told{std::move(reply)});
  dialer_.loop().post([this, alive = std::weak_ptr<bool>(alive_), id, told] {
    if (alive.expired()) return;
    auto found = calls_.find(id);
    if (found == calls_.end()) return;  // cancelled meanwhile
    const Done done = std::move(found->second->done);
    calls_.erase(found);
    done(std::move(told->reply));
  });
}

}  // namespace tollgate::client
