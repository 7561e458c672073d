#include "source/proxy/worker_context.h"

#if defined(__SSSE3__)
#include <tmmintrin.h>
#endif
#include <malloc.h>
#include <sys/random.h>

#include <cstring>
#include <string_view>

#include "source/proxy/exchange.h"

namespace tollgate::proxy {
namespace {

/// The hex digits of sixteen bytes, in whatever order: each nibble a digit.
#if defined(__SSSE3__)
void writeHex(uint64_t low, uint64_t high, char* out) {
  const __m128i digits = _mm_loadu_si128(reinterpret_cast<const __m128i*>("0123456789abcdef"));
  const __m128i bytes = _mm_set_epi64x(static_cast<int64_t>(high), static_cast<int64_t>(low));
  const __m128i nibble = _mm_set1_epi8(15);
  for (__m128i nibbles :
       {_mm_and_si128(bytes, nibble), _mm_and_si128(_mm_srli_epi16(bytes, 4), nibble)}) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm_shuffle_epi8(digits, nibbles));
    out += sizeof(__m128i);
  }
}
#else
void writeHex(uint64_t low, uint64_t high, char* out) {
  constexpr uint64_t kEach = 0x0101010101010101, kNibbles = 15 * kEach;
  for (uint64_t nibbles :
       {low & kNibbles, high & kNibbles, low >> 4 & kNibbles, high >> 4 & kNibbles}) {
    uint64_t letters = ((nibbles + 6 * kEach) >> 4) & kEach;  // 1 where the nibble is above 9
    uint64_t digits = nibbles + '0' * kEach + letters * ('a' - '0' - 10);
    std::memcpy(out, &digits, sizeof digits);
    out += sizeof digits;
  }
}
#endif

}  // namespace

WorkerContext::WorkerContext(event::EventLoop& loop, const ProxySettings& settings,
                             upstream::StreamPool::Settings pool,
                             upstream::StreamPool::TlsFactory tls, net::ResolverSettings resolver,
                             size_t worker)
    : loop(loop),
      settings(settings),
      lines(settings),
      rules(settings.connections),
      tunnelRules(settings.connections),
      pool(loop, slabs, pool, std::move(tls)),
      resolver(loop, std::move(resolver)),
      clusters(worker) {
  tunnelRules.limits.send = {};
}

WorkerContext::~WorkerContext() = default;

void WorkerContext::describe(stats::Registry& registry) const {
  counters.describe(registry);
  rules.counters.describe(registry, "client");
  tunnelRules.counters.describe(registry, "client");
  pool.counters().describe(registry);
  pool.rules().counters.describe(registry, "upstream");
}

void WorkerContext::setSnapshot(std::shared_ptr<const Snapshot> snapshot) {
  if (!pinned_.empty() && pinned_.back()->exchanges == 0) pinned_.pop_back();
  auto pinned = std::make_unique<Pinned>();
  pinned->snapshot = std::move(snapshot);
  pinned_.push_back(std::move(pinned));
}

WorkerContext::Pinned* WorkerContext::pin() {
  if (pinned_.empty()) return nullptr;
  Pinned* current = pinned_.back().get();
  ++current->exchanges;
  return current;
}

void WorkerContext::unpin(Pinned* pinned) {
  if (pinned == nullptr || --pinned->exchanges > 0 || pinned == pinned_.back().get()) return;
  for (size_t i = 0; i < pinned_.size(); ++i) {
    if (pinned_[i].get() == pinned) {
      pinned_.erase(pinned_.begin() + static_cast<ptrdiff_t>(i));
      return;
    }
  }
}

void WorkerContext::dropConnections() {
  while (ServedConnection* each = connections_.popFront()) each->drop();
}

template <typename Predicate>
void WorkerContext::drainWhere(Predicate which) {
  for (ServedConnection* each = connections_.front(); each != nullptr;) {
    ServedConnection* next = connections_.next(*each);
    if (which(*each)) each->drain();  // may take itself out of the list
    each = next;
  }
}

void WorkerContext::drain() {
  draining_ = true;
  drainWhere([](const ServedConnection&) { return true; });
}

void WorkerContext::drainListener(const void* listener) {
  drainWhere([&](const ServedConnection& each) { return each.listener.get() == listener; });
}

size_t WorkerContext::closeIdle(size_t most) {
  size_t closed = 0;
  size_t looks = 32 * most;  // busy ones are passed over, but not without end
  for (ServedConnection* each = connections_.front(); each != nullptr && looks-- > 0;) {
    ServedConnection* next = connections_.next(*each);
    if (each->spare()) {
      each->drain();
      if (++closed == most) break;
    }
    each = next;
  }
  return closed + pool.closeIdle(most);
}

ProxyExchange& WorkerContext::takeExchange() {
  if (!ended_.empty()) finishEnded();  // else requests in a row would pile up
  ++inUse_;
  counters.begun.add();
  if (free_.empty()) {
    exchanges_.push_back(std::make_unique<ProxyExchange>(*this));
    return *exchanges_.back();
  }
  ProxyExchange* exchange = free_.back();
  free_.pop_back();
  return *exchange;
}

/// A filter that hears of the end may end another exchange by it.
void WorkerContext::finishEnded() {
  for (size_t i = 0; i < ended_.size(); ++i) {
    ProxyExchange* exchange = ended_[i];
    exchange->finish();
    --inUse_;
    free_.push_back(exchange);
  }
  ended_.clear();
  if (slabs.returned() >= kTrimBytes && !trimTimer_.armed()) loop.arm(trimTimer_, kTrimDelay);
}

/// Some time after a peak: the heap keeps what was freed within it until it is told not to.
void WorkerContext::onTrim() {
  slabs.trim(kIdleSlabs);
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

void WorkerContext::makeRequestId(char* out) {
  const uint64_t low = randomWord();
  writeHex(low, randomWord(), out);
}

/// Words come many at a time: one call to the system for sixteen requests.
uint64_t WorkerContext::randomWord() {
  if (randomUsed_ == kRandomWords) {
    // Only a signal can come in between (getrandom(2)).
    while (getrandom(random_, sizeof random_, 0) != sizeof random_) {
    }
    randomUsed_ = 0;
  }
  return random_[randomUsed_++];
}

}  // namespace tollgate::proxy
