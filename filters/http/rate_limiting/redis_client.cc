#include "filters/http/rate_limiting/redis_client.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace tollgate::filters::rate_limiting {
namespace {

// All windows of a request in one step: counted even if the request is then refused, as the
// reference does it.
constexpr const char* kScript =
    "local out = {} "
    "for i, key in ipairs(KEYS) do "
    "local n = redis.call('INCR', key) "
    "if n == 1 then redis.call('EXPIRE', key, ARGV[i]) end "
    "out[i] = n - 1 "
    "end "
    "return out";

constexpr std::chrono::seconds kIdle{10};
constexpr size_t kMaxReason = 120;  // bytes of a server's words that are passed on
constexpr size_t kMaxCode = 20;

/// Keys of a command EVAL or EVALSHA.
size_t keysOf(const std::vector<std::string>& command) {
  return static_cast<size_t>(std::strtoul(command[2].c_str(), nullptr, 10));
}

}  // namespace

std::string RedisSettings::identity() const {
  std::string out;
  for (const std::string& part :
       {host, std::to_string(port), std::to_string(timeout.count()), username, password,
        std::to_string(database), std::to_string(reinterpret_cast<uintptr_t>(tls.get())),
        serverName}) {
    out += std::to_string(part.size()) + ":" + part;
  }
  return out;
}

std::string RedisSettings::address() const {
  const bool v6 = host.find(':') != std::string::npos && host.front() != '[';
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

RedisClient::RedisClient(::tollgate::http::WorkerServices& services, RedisSettings settings,
                         const std::shared_ptr<::tollgate::http::Dependency>& dependency)
    : dialer_(services.dialer()),
      loop_(services.loop()),
      settings_(std::move(settings)),
      dependency_(dependency) {}

RedisClient::~RedisClient() {
  dialer_.cancel(dialing_);
  if (connection_ == nullptr) return;
  auto last = std::move(connection_);
  last->close(net::Connection::Close::kNow, "not used any more");
  loop_.deferDelete(std::move(last));
}

void RedisClient::count(const std::vector<std::string>& keys, const std::vector<int64_t>& seconds,
                        Done done) {
  Pending pending;
  pending.command = {"EVALSHA", "", std::to_string(keys.size())};
  pending.command.insert(pending.command.end(), keys.begin(), keys.end());
  for (int64_t life : seconds) pending.command.push_back(std::to_string(life));
  pending.done = std::move(done);
  pending.deadline = loop_.now() + settings_.timeout;
  if (waiting_.size() + sent_.size() >= kMaxPending) {
    return fail(std::move(pending), "too many commands wait for its answers");
  }
  if (connection_ != nullptr) {
    send(std::move(pending));
  } else {
    waiting_.push_back(std::move(pending));
    if (dialing_ == 0) open();
  }
  armTimer();
}

void RedisClient::open() {
  net::Dialer::Target target;
  target.host = settings_.host;
  target.port = settings_.port;
  target.tls = settings_.tls;
  target.serverName = settings_.serverName;
  target.timeout = settings_.timeout;
  target.followSrv = false;  // the port is the configuration's
  dialing_ = dialer_.dial(std::move(target), [this](std::unique_ptr<net::Connection> connection,
                                                    std::string_view error) {
    dialing_ = 0;
    connection == nullptr ? failAll(error) : opened(std::move(connection));
  });
}

void RedisClient::opened(std::unique_ptr<net::Connection> connection) {
  connection_ = std::move(connection);
  connection_->setHandler(*this);
  event::TimePoint deadline = loop_.now() + settings_.timeout;
  auto prepare = [&](std::vector<std::string> command) {
    Pending pending;
    pending.command = std::move(command);
    pending.deadline = deadline;
    send(std::move(pending));
  };
  if (!settings_.password.empty()) {
    settings_.username.empty() ? prepare({"AUTH", settings_.password})
                               : prepare({"AUTH", settings_.username, settings_.password});
  }
  if (settings_.database != 0) prepare({"SELECT", std::to_string(settings_.database)});
  prepare({"SCRIPT", "LOAD", kScript});
  // Until its answer tells the hash, requests carry the script itself.
  scriptHash_.clear();
  while (!waiting_.empty()) {
    Pending next = std::move(waiting_.front());
    waiting_.pop_front();
    send(std::move(next));
  }
  armTimer();
}

void RedisClient::send(Pending pending) {
  if (pending.command[0] == "EVALSHA" || pending.command[0] == "EVAL") {
    pending.whole = pending.whole || scriptHash_.empty();
    pending.command[0] = pending.whole ? "EVAL" : "EVALSHA";
    pending.command[1] = pending.whole ? kScript : scriptHash_;
  }
  write(pending.command);
  sent_.push_back(std::move(pending));
}

void RedisClient::write(const std::vector<std::string>& command) {
  connection_->output().append(encodeCommand(command));
  connection_->markDirty();
}

void RedisClient::onData(net::Connection& connection, bool end) {
  while (!connection.input().empty()) {
    std::string_view bytes = connection.input().linearize(connection.input().size());
    ParsedReply parsed = parseReply(bytes);
    if (parsed.state == ParsedReply::State::kNeedMore) break;
    bool good = parsed.state == ParsedReply::State::kDone && !sent_.empty();
    if (good) connection.input().consume(parsed.bytes);
    if (!good) closeReason_ = "it sent what is no answer of Redis";
    if (!good || !take(parsed.reply)) {
      return connection.close(net::Connection::Close::kNow, "redis: unexpected answer");
    }
  }
  if (end) return connection.close(net::Connection::Close::kNow, "it closed the connection");
  armTimer();
}

/// False where the connection cannot be used on.
bool RedisClient::take(const Reply& reply) {
  Pending pending = std::move(sent_.front());
  sent_.pop_front();
  if (!pending.done) {
    if (pending.command[0] == "SCRIPT" && reply.kind == Reply::Kind::kText)
      scriptHash_ = reply.text;
    // A server that forbids SCRIPT still takes EVAL; one that refuses AUTH or SELECT is none of
    // ours.
    if (reply.kind != Reply::Kind::kError || pending.command[0] == "SCRIPT") return true;
    closeReason_ = refusal(pending.command[0], reply.text);
    return false;
  }
  if (reply.kind == Reply::Kind::kError && reply.text.starts_with("NOSCRIPT") && !pending.whole) {
    scriptHash_.clear();  // the server was restarted or told to forget
    send(std::move(pending));
    return true;
  }
  if (reply.kind == Reply::Kind::kError) {
    fail(std::move(pending), refusal("", reply.text));
  } else if (reply.kind != Reply::Kind::kIntegers ||
             reply.integers.size() != keysOf(pending.command)) {
    fail(std::move(pending), "it answered something else than it was asked for");
  } else {
    if (auto dependency = dependency_.lock()) dependency->answered();
    finish(std::move(pending), true, reply.integers);
  }
  return true;
}

std::string RedisClient::refusal(std::string_view command, std::string_view error) {
  // Errors of commands that a server does not know repeat their arguments.
  if (command == "AUTH") {
    const std::string_view code = error.substr(0, std::min(error.find(' '), kMaxCode));
    return "it refuses the user or the password: " + std::string(code);
  }
  std::string out(error.substr(0, kMaxReason));
  return command.empty() ? out : std::string(command) + ": " + out;
}

void RedisClient::fail(Pending pending, std::string_view reason) {
  auto dependency = pending.done ? dependency_.lock() : nullptr;
  if (dependency != nullptr) dependency->failed(reason);
  finish(std::move(pending), false, {});
}

void RedisClient::finish(Pending pending, bool ok, std::vector<int64_t> usages) {
  if (!pending.done) return;
  loop_.post(
      [done = std::move(pending.done), ok, usages = std::move(usages)] { done(ok, usages); });
}

void RedisClient::failAll(std::string_view reason) {
  for (auto* queue : {&sent_, &waiting_}) {
    while (!queue->empty()) {
      Pending pending = std::move(queue->front());
      queue->pop_front();
      fail(std::move(pending), reason);
    }
  }
}

void RedisClient::onClosed(net::Connection&, std::string_view reason) {
  if (connection_ == nullptr) return;
  // Freed after the pass: the call that led here may still be in it.
  loop_.deferDelete(std::move(connection_));
  const std::string own = std::exchange(closeReason_, {});
  failAll(own.empty() ? reason : own);
}

/// The dialer has a limit of its own.
void RedisClient::armTimer() {
  if (!sent_.empty()) {
    loop_.armAt(timer_, sent_.front().deadline);
  } else if (connection_ != nullptr) {
    loop_.arm(timer_, kIdle);
  }
}

void RedisClient::onTimer() {
  // Either an answer is overdue, and those behind it come no sooner, or nothing was asked for long.
  if (connection_ != nullptr) {
    connection_->close(net::Connection::Close::kNow, "no answer in time");
  }
}

}  // namespace tollgate::filters::rate_limiting
