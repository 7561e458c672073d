#include "source/upstream/probe.h"

#include <unistd.h>

#include "source/base/host_port.h"
#include "source/net/connect.h"

namespace tollgate::upstream {
namespace {

/// More before the end of the status line is no HTTP.
constexpr size_t kMaxStatusLine = 4096;

}  // namespace

int statusOfLine(std::string_view line) {
  if (!line.starts_with("HTTP/") || line.size() < 5) return 0;
  line.remove_prefix(5);
  auto digit = [&](size_t at) { return at < line.size() && line[at] >= '0' && line[at] <= '9'; };
  if (!digit(0) || line.size() < 4 || line[1] != '.' || !digit(2) || line[3] != ' ') return 0;
  if (!digit(4) || !digit(5) || !digit(6) || digit(7)) return 0;
  return (line[4] - '0') * 100 + (line[5] - '0') * 10 + (line[6] - '0');
}

Probe::Probe(event::EventLoop& loop, buffer::SlabPool& slabs, net::ConnectionRules& rules,
             const ProbeTls& tls, std::shared_ptr<const Cluster> cluster, uint32_t member,
             Done done)
    : loop_(loop),
      slabs_(slabs),
      rules_(rules),
      tls_(tls),
      cluster_(std::move(cluster)),
      member_(member),
      done_(std::move(done)) {}

std::string_view Probe::serverName() const {
  const std::string& configured = cluster_->spec().active.serverName;
  std::string_view name = configured.empty() ? cluster_->hostOf(member_) : configured;
  return serverNameOf(name);
}

void Probe::start() {
  const net::Address& address = endpoint()->address();
  const ActiveChecks& checks = cluster_->spec().active;
  const net::ConnectingSocket socket = net::beginConnect(address);
  if (!socket.opened) return finish();  // our own trouble says nothing of the endpoint
  const int fd = socket.fd;
  if (fd < 0) return finish(HealthEvent::kTcpFailure);
  std::unique_ptr<net::Transport> transport;
  if (checks.type == ActiveChecks::Type::kHttps) {
    if (tls_) transport = tls_(checks, fd, serverName());
  } else {
    transport = net::makeTcpTransport(fd);
  }
  if (transport == nullptr) {
    ::close(fd);
    return finish();
  }
  connection_ =
      std::make_unique<net::Connection>(loop_, slabs_, fd, std::move(transport), true, rules_);
  loop_.arm(timer_, checks.timeout);
  connection_->start(*this);
}

std::string Probe::request() const {
  const ActiveChecks& checks = cluster_->spec().active;
  std::string out = "GET " + checks.path + " HTTP/1.0\r\n";
  for (const auto& [name, value] : checks.headers) out += name + ": " + value + "\r\n";
  out += "Host: ";
  out += cluster_->hostOf(member_);
  return out + "\r\n\r\n";
}

void Probe::onConnected(net::Connection& connection) {
  if (finished_) return;
  const ActiveChecks& checks = cluster_->spec().active;
  const bool http =
      checks.type == ActiveChecks::Type::kHttp || checks.type == ActiveChecks::Type::kHttps;
  if (!http) return finish(HealthEvent::kSuccess);
  connection.output().append(request());
  connection.markDirty();
  loop_.arm(timer_, checks.timeout);
}

void Probe::onData(net::Connection& connection, bool end) {
  if (finished_) return;
  buffer::Buffer& input = connection.input();
  std::string_view text = input.linearize(std::min(input.size(), kMaxStatusLine));
  const size_t lineEnd = text.substr(0, kMaxStatusLine).find('\n');
  if (lineEnd != std::string_view::npos || text.size() >= kMaxStatusLine) {
    cluster_->reportStatus(member_, statusOfLine(text.substr(0, lineEnd)),
                           cluster_->spec().active.limits);
    return finish();
  }
  if (end) return finish(HealthEvent::kTcpFailure);
  loop_.arm(timer_, cluster_->spec().active.timeout);
}

void Probe::onClosed(net::Connection&, std::string_view) {
  if (!finished_) finish(HealthEvent::kTcpFailure);
}

void Probe::onTimeout() { finish(HealthEvent::kTimeout); }

void Probe::finish(HealthEvent event) {
  cluster_->report(member_, event, cluster_->spec().active.limits);
  finish();
}

void Probe::finish() {
  close();
  Done done = std::move(done_);
  done(*this);
}

void Probe::abandon() {
  done_ = nullptr;
  close();
}

void Probe::close() {
  finished_ = true;
  event::EventLoop::cancel(timer_);
  if (connection_ != nullptr) connection_->close(net::Connection::Close::kNow, "probed");
}

}  // namespace tollgate::upstream
