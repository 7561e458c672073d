#include "filters/http/rate_limiting/redis_client.h"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

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

RedisClient::RedisClient(event::EventLoop& loop, RedisSettings settings)
    : loop_(loop), settings_(std::move(settings)), resolver_(loop, {}) {}

RedisClient::~RedisClient() = default;

void RedisClient::count(const std::vector<std::string>& keys, const std::vector<int64_t>& seconds,
                        Done done) {
  Pending pending;
  pending.command = {"EVALSHA", "", std::to_string(keys.size())};
  pending.command.insert(pending.command.end(), keys.begin(), keys.end());
  for (int64_t life : seconds) pending.command.push_back(std::to_string(life));
  pending.done = std::move(done);
  pending.deadline = loop_.now() + settings_.timeout;
  if (waiting_.size() + sent_.size() >= kMaxPending) return finish(std::move(pending), false, {});
  if (ready_) {
    send(std::move(pending));
  } else {
    waiting_.push_back(std::move(pending));
    if (!opening_ && connection_ == nullptr) open();
  }
  armTimer();
}

void RedisClient::open() {
  opening_ = true;
  auto literal = net::Address::parse(settings_.host, settings_.port);
  if (literal) return connect(*literal);
  resolver_.resolve(settings_.host,
                    [this](const std::vector<net::Address>& addresses, net::ResolveError) {
                      if (addresses.empty()) return failAll();
                      net::Address address = addresses.front();
                      address.setPort(settings_.port);
                      connect(address);
                    });
}

void RedisClient::connect(net::Address address) {
  int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return failAll();
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  bool begun = ::connect(fd, address.sockaddrPtr(), address.length()) == 0 || errno == EINPROGRESS;
  std::unique_ptr<net::Transport> transport;
  if (begun && settings_.tls != nullptr) {
    const std::string& name = settings_.serverName.empty() ? settings_.host : settings_.serverName;
    transport = settings_.tls->connect(fd, name);
  } else if (begun) {
    transport = net::makeTcpTransport(fd);
  }
  if (transport == nullptr) {
    ::close(fd);
    return failAll();
  }
  connection_ = std::make_unique<net::Connection>(loop_, slabs_, fd, std::move(transport), true);
  connection_->start(*this);
}

void RedisClient::onConnected(net::Connection&) {
  opening_ = false;
  ready_ = true;
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
    if (!good || !take(parsed.reply)) {
      return connection.close(net::Connection::Close::kNow, "redis: unexpected answer");
    }
  }
  if (end) return connection.close(net::Connection::Close::kNow, "redis: closed");
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
    return reply.kind != Reply::Kind::kError || pending.command[0] == "SCRIPT";
  }
  if (reply.kind == Reply::Kind::kError && reply.text.starts_with("NOSCRIPT") && !pending.whole) {
    scriptHash_.clear();  // the server was restarted or told to forget
    send(std::move(pending));
    return true;
  }
  bool ok = reply.kind == Reply::Kind::kIntegers;
  finish(std::move(pending), ok, reply.integers);
  return true;
}

void RedisClient::finish(Pending pending, bool ok, std::vector<int64_t> usages) {
  if (!pending.done) return;
  loop_.post(
      [done = std::move(pending.done), ok, usages = std::move(usages)] { done(ok, usages); });
}

void RedisClient::failAll() {
  opening_ = ready_ = false;
  for (auto* queue : {&sent_, &waiting_}) {
    while (!queue->empty()) {
      Pending pending = std::move(queue->front());
      queue->pop_front();
      finish(std::move(pending), false, {});
    }
  }
}

void RedisClient::onClosed(net::Connection&, std::string_view) {
  // Freed after the pass: the call that led here may still be in it.
  struct Grave final : event::Deferred {
    std::unique_ptr<net::Connection> connection;
  };
  auto grave = std::make_unique<Grave>();
  grave->connection = std::move(connection_);
  loop_.deferDelete(std::move(grave));
  failAll();
}

void RedisClient::armTimer() {
  if (!sent_.empty()) {
    loop_.armAt(timer_, sent_.front().deadline);
  } else if (!waiting_.empty()) {
    loop_.armAt(timer_, waiting_.front().deadline);
  } else if (connection_ != nullptr) {
    loop_.arm(timer_, kIdle);
  }
}

void RedisClient::onTimer() {
  // Either an answer is overdue, and those behind it come no sooner, or nothing was asked for long.
  if (connection_ != nullptr) {
    connection_->close(net::Connection::Close::kNow, "redis: timeout or idle");
  } else {
    failAll();
  }
}

}  // namespace tollgate::filters::rate_limiting
