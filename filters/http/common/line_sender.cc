#include "filters/http/common/line_sender.h"

#include <utility>

namespace tollgate::filters {
namespace {

namespace engine = ::tollgate::http;

}  // namespace

LineSender::LineSender(engine::WorkerServices& services, Settings settings)
    : services_(services),
      settings_(std::move(settings)),
      name_(settings_.filter + ": " + settings_.target.text()),
      receiver_(services.process().dependencies().use(name_, "records are lost")),
      counts_(services, settings_.filter) {}

LineSender::~LineSender() {
  event::EventLoop::cancel(timer_);
  services_.dialer().cancel(dialing_);
  if (!waiting_.empty()) lose(waiting_.size(), "the process or the plugin ended before");
  if (connection_ == nullptr) return;
  auto last = std::move(connection_);
  last->close(net::Connection::Close::kNow, "the plugin ended");
  services_.loop().deferDelete(std::move(last));
}

bool LineSender::busy() const {
  return !waiting_.empty() || (connection_ != nullptr && !connection_->output().empty());
}

void LineSender::write(std::string line) {
  const size_t held =
      waitingBytes_ + (connection_ != nullptr ? connection_->output().size() : size_t{0});
  if (held + line.size() > kMaxWaitingBytes) return lose(1, "it does not read fast enough");
  if (connection_ != nullptr) return send(line);
  waitingBytes_ += line.size();
  waiting_.push_back(std::move(line));
  if (dialing_ == 0) dial();
}

void LineSender::dial() {
  dialing_ = services_.dialer().dial(
      settings_.target,
      [this](std::unique_ptr<net::Connection> connection, std::string_view error) {
        dialing_ = 0;
        const std::deque<std::string> lines = std::exchange(waiting_, {});
        waitingBytes_ = 0;
        if (connection == nullptr) return lose(lines.size(), error);
        receiver_->answered();
        connection_ = std::move(connection);
        connection_->setHandler(*this);
        for (const std::string& line : lines) send(line);
      });
}

void LineSender::send(std::string_view line) {
  const bool idle = connection_->output().empty();
  connection_->output().append(line);
  connection_->output().append("\n");
  connection_->markDirty();
  counts_.sent.add();
  if (!idle) return;  // the time for what is before it runs
  written_ = connection_->bytesWritten();
  services_.loop().arm(timer_, settings_.target.timeout);
}

void LineSender::onData(net::Connection& connection, bool end) {
  connection.input().clear();  // nobody asked
  if (end) connection.close(net::Connection::Close::kNow, "it closed the connection");
}

void LineSender::onClosed(net::Connection&, std::string_view reason) {
  if (connection_ == nullptr) return;
  event::EventLoop::cancel(timer_);
  if (!connection_->output().empty()) lose(1, reason);  // at least
  services_.loop().deferDelete(std::move(connection_));
}

/// Either the server has read nothing for too long, or nothing was sent for long.
void LineSender::onTimer() {
  if (connection_ == nullptr) return;
  const bool moved = connection_->bytesWritten() != written_;
  written_ = connection_->bytesWritten();
  if (!connection_->output().empty()) {
    if (moved) return services_.loop().arm(timer_, settings_.target.timeout);
    return connection_->close(net::Connection::Close::kNow, "it does not read in time");
  }
  if (moved && settings_.keepAlive.count() > 0) {
    return services_.loop().arm(timer_, settings_.keepAlive);
  }
  connection_->close(net::Connection::Close::kIdle, "idle");
}

void LineSender::lose(size_t lines, std::string_view reason) {
  counts_.lost.add(lines);
  receiver_->failed(reason);
}

}  // namespace tollgate::filters
