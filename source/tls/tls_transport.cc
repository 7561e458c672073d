#include "source/tls/tls_transport.h"

#include <openssl/bio.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "source/tls/plain_http.h"
#include "source/tls/trust.h"

namespace tollgate::tls {
namespace {

using net::IoResult;

constexpr size_t kMaxRecord = 16 * 1024;    ///< Plaintext bytes of one record.
constexpr size_t kBatch = 4 * kMaxRecord;   ///< Plaintext bytes sealed for one send().
constexpr size_t kDirect = kMaxRecord / 2;  ///< Shorter pieces are gathered into one record.
constexpr size_t kInput = kBatch + 4 * 64;  ///< Wire bytes received at once.
constexpr size_t kRecordOverhead = 64;      ///< More than header, IV and tag take.

/// What a thread needs while one of its transports works; empty between calls.
struct Scratch {
  std::unique_ptr<char[]> input = std::make_unique_for_overwrite<char[]>(kInput);
  std::unique_ptr<char[]> record = std::make_unique_for_overwrite<char[]>(kMaxRecord);
  std::string output;
  Scratch() { output.reserve(kBatch + 8 * kRecordOverhead); }
};

Scratch& scratch() {
  thread_local Scratch scratch;
  return scratch;
}

}  // namespace

TlsTransport::TlsTransport(bssl::UniquePtr<SSL> ssl, int fd, std::shared_ptr<const void> context,
                           std::string serverName, std::string input)
    : context_(std::move(context)),
      ssl_(std::move(ssl)),
      serverName_(std::move(serverName)),
      kept_(std::move(input)),
      input_(kept_),
      fd_(fd),
      server_(ssl_ != nullptr && SSL_is_server(ssl_.get())) {
  BIO* bio = ssl_ == nullptr ? nullptr : BIO_new(bioMethod());
  if (bio == nullptr) {
    failure_ = "tls: out of memory";
    ERR_clear_error();
    return;
  }
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_app_data(ssl_.get(), this);
  SSL_set_shed_handshake_config(ssl_.get(), 1);
}

TlsTransport::~TlsTransport() = default;

const BIO_METHOD* TlsTransport::bioMethod() {
  static const BIO_METHOD* method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tollgate");
    if (made != nullptr) {
      BIO_meth_set_read(made, bioRead);
      BIO_meth_set_write(made, bioWrite);
      BIO_meth_set_ctrl(made, bioControl);
    }
    return made;
  }();
  return method;
}

int TlsTransport::bioRead(BIO* bio, char* out, int length) {
  auto* self = static_cast<TlsTransport*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (self->input_.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  size_t part = std::min(self->input_.size(), static_cast<size_t>(length));
  std::memcpy(out, self->input_.data(), part);
  self->input_.remove_prefix(part);
  return static_cast<int>(part);
}

int TlsTransport::bioWrite(BIO* bio, const char* bytes, int length) {
  auto* self = static_cast<TlsTransport*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  std::string& wire = self->unsent_.empty() ? scratch().output : self->unsent_;
  wire.append(bytes, static_cast<size_t>(length));
  return length;
}

long TlsTransport::bioControl(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

/// Sends what the SSL has written; what the socket does not take is kept. Adds to `taken` what it
/// takes.
TlsTransport::Flush TlsTransport::flush(size_t* taken) {
  bool kept = !unsent_.empty();
  std::string& wire = kept ? unsent_ : scratch().output;
  size_t at = kept ? unsentAt_ : 0;
  Flush outcome = Flush::kDone;
  while (at < wire.size()) {
    ssize_t sent = ::send(fd_, wire.data() + at, wire.size() - at, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN) {
      socketError_ = errno;
      outcome = Flush::kFailed;
      break;
    }
    if (sent > 0) at += static_cast<size_t>(sent);
    if (sent > 0 && taken != nullptr) *taken += static_cast<size_t>(sent);
    if (at < wire.size()) {
      outcome = Flush::kBlocked;  // a short write: the socket is full
      break;
    }
  }
  if (outcome == Flush::kBlocked) {
    if (!kept) unsent_.assign(wire, at);
    unsentAt_ = kept ? at : 0;
  } else if (kept) {
    std::string().swap(unsent_);
    unsentAt_ = 0;
  }
  scratch().output.clear();
  return outcome;
}

/// Reads from the socket into the thread's scratch; input_ must be empty.
TlsTransport::Receive TlsTransport::receive(size_t room) {
  char* bytes = scratch().input.get();
  while (true) {
    ssize_t got = ::recv(fd_, bytes, std::min(room, kInput), 0);
    if (got > 0) {
      input_ = {bytes, static_cast<size_t>(got)};
      return Receive::kBytes;
    }
    if (got == 0) return Receive::kEnd;
    if (errno == EINTR) continue;
    if (errno == EAGAIN) return Receive::kNothing;
    socketError_ = errno;
    return Receive::kFailed;
  }
}

/// Before a call returns: the rest of the input must not stay in the scratch.
void TlsTransport::keepInput() {
  std::string rest(input_);
  kept_.swap(rest);
  input_ = kept_;
}

IoResult TlsTransport::failed(IoResult result, const char* error) {
  failure_ = error;
  scratch().output.clear();
  input_ = {};
  std::string().swap(kept_);
  result.state = IoResult::State::kFailed;
  result.error = error;
  return result;
}

IoResult TlsTransport::handshake() {
  IoResult result;
  if (failure_ != nullptr) return failed(result, failure_);
  if (!unsent_.empty()) {
    Flush flushed = flush();
    if (flushed == Flush::kFailed) return failed(result, socketErrorText(socketError_));
    if (flushed == Flush::kBlocked) return result;
  }
  while (!finished_) {
    if (!begun_ && !input_.empty()) {
      begun_ = true;
      if (server_ && looksLikeHttp(input_)) return refusePlainHttp();
    }
    int outcome = SSL_do_handshake(ssl_.get());
    finished_ = outcome == 1;
    if (!finished_ && SSL_get_error(ssl_.get(), outcome) != SSL_ERROR_WANT_READ) {
      const char* error = takeErrorText(ssl_.get());
      flush();  // the alert, if it goes
      return failed(result, error);
    }
    Flush flushed = flush();
    if (flushed == Flush::kFailed) return failed(result, socketErrorText(socketError_));
    if (flushed == Flush::kBlocked) {
      keepInput();
      return result;
    }
    if (finished_) break;
    switch (receive(kInput)) {
      case Receive::kBytes:
        break;
      case Receive::kNothing:
        keepInput();
        return result;
      case Receive::kEnd:
        return failed(result, "tls: closed during the handshake");
      case Receive::kFailed:
        return failed(result, socketErrorText(socketError_));
    }
  }
  keepInput();
  established_ = true;
  if (server_) context_.reset();  // its callbacks are over; a client still gets tickets
  result.state = IoResult::State::kProgress;
  return result;
}

/// Nothing of TLS has been sent yet, so that the client understands an answer in clear text.
IoResult TlsTransport::refusePlainHttp() {
  const std::string answer = answerToPlainHttp(input_, time(nullptr));
  ::send(fd_, answer.data(), answer.size(), MSG_NOSIGNAL);
  IoResult result = failed({}, "tls: plain HTTP on a TLS port");
  result.answered = true;
  return result;
}

/// Decrypts all of input_.
TlsTransport::Decrypt TlsTransport::decrypt(buffer::Buffer& into, IoResult& result) {
  while (true) {
    std::span<char> room = into.reserve(1024);
    int got = SSL_read(ssl_.get(), room.data(), static_cast<int>(room.size()));
    into.commit(got > 0 ? static_cast<size_t>(got) : 0);
    if (got > 0) {
      result.bytes += static_cast<size_t>(got);
      continue;
    }
    switch (SSL_get_error(ssl_.get(), got)) {
      case SSL_ERROR_WANT_READ:
        return Decrypt::kNeedMore;
      case SSL_ERROR_ZERO_RETURN:
        return Decrypt::kEnd;
      default:
        return Decrypt::kFailed;
    }
  }
}

/// Bytes that were read before the failure are delivered first: the next read tells of it.
IoResult TlsTransport::failRead(IoResult result, const char* error) {
  IoResult outcome = failed(result, error);
  if (outcome.bytes > 0) outcome.state = IoResult::State::kProgress;
  return outcome;
}

IoResult TlsTransport::read(buffer::Buffer& into, size_t limit, bool hangup) {
  IoResult result;
  if (failure_ != nullptr) return failed(result, failure_);
  size_t wire = 0;  // counts beside the bytes in it: records need not carry any
  bool drained = ended_;
  while (!ended_) {
    if (!input_.empty()) {
      Decrypt outcome = decrypt(into, result);
      if (outcome == Decrypt::kFailed) {
        const char* error = takeErrorText(ssl_.get());
        if (unsent_.empty()) flush();  // the alert, if it goes
        return failRead(result, error);
      }
      ended_ = outcome == Decrypt::kEnd;
      if (ended_) input_ = {};
      keepInput();
      if (ended_) break;
      // An answer to a key update waits for the next write, so there is nothing to send here.
    }
    if (drained) {
      result.state = IoResult::State::kDrained;
      return result;
    }
    if (result.bytes >= limit || wire >= limit) {
      result.state = IoResult::State::kProgress;
      return result;
    }
    size_t room = std::min(kInput, limit - result.bytes + 1024);
    switch (receive(room)) {
      case Receive::kBytes:
        // A short read has drained the socket, unless the peer has closed: then read to the end.
        drained = input_.size() < room && !hangup;
        wire += input_.size();
        break;
      case Receive::kNothing:
        result.state = IoResult::State::kDrained;
        return result;
      case Receive::kEnd:
        return failRead(result, "tls: truncated: closed without close_notify");
      case Receive::kFailed:
        return failRead(result, socketErrorText(socketError_));
    }
  }
  result.state = IoResult::State::kEnd;
  return result;
}

bool TlsTransport::sealRecord(const char* bytes, size_t length) {
  return SSL_write(ssl_.get(), bytes, static_cast<int>(length)) == static_cast<int>(length);
}

/// Encrypts a batch from the front of `from` without consuming it. Small pieces share a record.
bool TlsTransport::seal(const buffer::Buffer& from) {
  iovec parts[16];
  size_t count = from.iovecs(parts, 16);
  char* record = scratch().record.get();
  size_t gathered = 0;
  for (size_t i = 0; i < count; ++i) {
    std::string_view piece(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
    while (!piece.empty() && sealed_ + gathered < kBatch) {
      bool direct = gathered == 0 && (piece.size() >= kDirect || i + 1 == count);
      size_t part = std::min(piece.size(), kMaxRecord - gathered);
      if (direct) {
        if (!sealRecord(piece.data(), part)) return false;
        sealed_ += part;
      } else {
        std::memcpy(record + gathered, piece.data(), part);
        gathered += part;
        if (gathered == kMaxRecord) {
          if (!sealRecord(record, gathered)) return false;
          sealed_ += gathered;
          gathered = 0;
        }
      }
      piece.remove_prefix(part);
    }
  }
  if (gathered > 0 && !sealRecord(record, gathered)) return false;
  sealed_ += gathered;
  return true;
}

void TlsTransport::consumeSealed(buffer::Buffer& from, IoResult& result) {
  size_t bytes = std::min(sealed_, from.size());
  from.consume(bytes);
  result.bytes += bytes;
  sealed_ = 0;
}

IoResult TlsTransport::write(buffer::Buffer& from) {
  IoResult result;
  if (failure_ != nullptr) return failed(result, failure_);
  bool blocked = !unsent_.empty();
  while (blocked || !from.empty()) {
    if (!blocked && !seal(from)) return failed(result, takeErrorText(ssl_.get()));
    Flush flushed = flush(&result.wire);
    if (flushed == Flush::kFailed) {  // reading may go on: an answer may be there
      result.state = IoResult::State::kFailed;
      result.error = socketErrorText(socketError_);
      return result;
    }
    if (flushed == Flush::kBlocked) {
      result.state = IoResult::State::kDrained;
      return result;
    }
    consumeSealed(from, result);
    blocked = false;
  }
  result.state = IoResult::State::kProgress;
  return result;
}

void TlsTransport::shutdownWrite() {
  if (established_ && failure_ == nullptr) {
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
    if (flush() == Flush::kFailed) failure_ = socketErrorText(socketError_);
  }
  ::shutdown(fd_, SHUT_WR);
}

std::string_view TlsTransport::alpn() const {
  const uint8_t* name = nullptr;
  unsigned length = 0;
  if (ssl_ != nullptr) SSL_get0_alpn_selected(ssl_.get(), &name, &length);
  return {reinterpret_cast<const char*>(name), length};
}

std::string_view TlsTransport::serverName() const {
  if (!server_) return serverName_;  // which includes servers without an SSL
  const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
  return name == nullptr ? std::string_view() : std::string_view(name);
}

const net::PeerCertificate* TlsTransport::peerCertificate() const {
  if (peer_ == nullptr && server_ && established_) peer_ = peerCertificateOf(ssl_.get());
  return peer_.get();
}

Info TlsTransport::info() const {
  if (!established_) return {};
  const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl_.get());
  return {
      SSL_get_version(ssl_.get()),
      cipher == nullptr ? std::string_view() : std::string_view(SSL_CIPHER_standard_name(cipher)),
      SSL_session_reused(ssl_.get()) == 1};
}

Info infoOf(const net::Transport& transport) {
  const auto* tls = dynamic_cast<const TlsTransport*>(&transport);
  return tls == nullptr ? Info() : tls->info();
}

}  // namespace tollgate::tls
