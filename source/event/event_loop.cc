#include "source/event/event_loop.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace tollgate::event {

void FdWatch::begin(EventLoop& loop, int fd, short flags, FdHandler& handler) {
  stop();
  loop_ = &loop;
  handler_ = &handler;
  event_ = event_new(loop.base(), fd, flags, &FdWatch::dispatch, this);
  event_add(event_, nullptr);
}

void FdWatch::start(EventLoop& loop, int fd, FdHandler& handler) {
  begin(loop, fd, EV_READ | EV_WRITE | EV_ET | EV_PERSIST | EV_CLOSED, handler);
}

void FdWatch::startLevelRead(EventLoop& loop, int fd, FdHandler& handler) {
  begin(loop, fd, EV_READ | EV_PERSIST, handler);
}

void FdWatch::startLevel(EventLoop& loop, int fd, bool read, bool write, FdHandler& handler) {
  short flags = EV_PERSIST;
  if (read) flags |= EV_READ;
  if (write) flags |= EV_WRITE;
  begin(loop, fd, flags, handler);
}

void FdWatch::stop() {
  if (event_ == nullptr) return;
  unlink();
  againReadable_ = againWritable_ = false;
  event_free(event_);
  event_ = nullptr;
}

void FdWatch::again(bool readable, bool writable) {
  if (event_ == nullptr || !(readable || writable)) return;
  againReadable_ |= readable;
  againWritable_ |= writable;
  if (!linked()) loop_->ready_.pushBack(*this);
}

/// On its turn in the ready list, from which it has been taken.
void FdWatch::serveAgain() {
  const bool readable = std::exchange(againReadable_, false);
  const bool writable = std::exchange(againWritable_, false);
  handler_->onReady(readable, writable, false);
}

void FdWatch::dispatch(int, short what, void* self) {
  auto* watch = static_cast<FdWatch*>(self);
  bool readable = (what & EV_READ) != 0;
  bool writable = (what & EV_WRITE) != 0;
  if (watch->linked()) {
    watch->unlink();
    readable |= std::exchange(watch->againReadable_, false);
    writable |= std::exchange(watch->againWritable_, false);
  }
  watch->handler_->onReady(readable, writable, (what & EV_CLOSED) != 0);
}

/// The eventfd by which other threads wake this loop.
class EventLoop::Wakeup final : public FdHandler {
 public:
  explicit Wakeup(EventLoop& loop) : loop_(loop), fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    watch_.startLevelRead(loop, fd_, *this);
  }
  ~Wakeup() {
    watch_.stop();
    close(fd_);
  }
  void signal() {
    uint64_t one = 1;
    [[maybe_unused]] ssize_t written = write(fd_, &one, sizeof one);
  }
  void onReady(bool, bool, bool) override {
    uint64_t count;
    [[maybe_unused]] ssize_t got = read(fd_, &count, sizeof count);
    loop_.drainMailbox();
  }

 private:
  EventLoop& loop_;
  FdWatch watch_;
  int fd_;
};

EventLoop::EventLoop() {
  event_config* config = event_config_new();
  event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
  base_ = event_base_new_with_config(config);
  event_config_free(config);
  if (base_ == nullptr) std::abort();  // no epoll descriptor left: nothing can run
  start_ = Clock::now();
  wakeup_ = std::make_unique<Wakeup>(*this);
  wheelEvent_ = evtimer_new(base_, &EventLoop::onWheel, this);
}

EventLoop::~EventLoop() {
  {
    std::lock_guard lock(mailboxMutex_);
    mailbox_.clear();
  }
  kept_.clear();
  while (!graveyard_.empty()) {
    auto dead = std::move(graveyard_);
    graveyard_.clear();
  }
  wakeup_.reset();
  event_free(wheelEvent_);
  event_base_free(base_);
}

void EventLoop::keep(std::unique_ptr<Deferred> object, std::weak_ptr<const void> user) {
  std::erase_if(kept_, [this](Kept& kept) {
    if (!kept.user.expired()) return false;
    deferDelete(std::move(kept.object));
    return true;
  });
  kept_.push_back({std::move(object), std::move(user)});
}

void EventLoop::run() {
  while (!stopping_) runPass();
  stopping_ = false;
}

void EventLoop::runOnce(Millis wait) {
  if (ready_.empty()) {
    timeval limit{static_cast<time_t>(wait.count() / 1000),
                  static_cast<suseconds_t>((wait.count() % 1000) * 1000)};
    event_base_loopexit(base_, &limit);
  }
  runPass();
}

/// What the kernel has, then what asked to be served again before this pass, then the end.
void EventLoop::runPass() {
  ++pass_;
  int flags = EVLOOP_ONCE;
  IntrusiveList<FdWatch, ReadyTag> ready;
  if (!ready_.empty()) {
    ready.takeAll(ready_);
    flags |= EVLOOP_NONBLOCK;
  }
  armWheel();
  event_base_loop(base_, flags);
  while (FdWatch* watch = ready.popFront()) watch->serveAgain();
  runPassEnd();
}

void EventLoop::stop() {
  post([this] { stopping_ = true; });
}

void EventLoop::post(std::function<void()> task) {
  bool wasEmpty;
  {
    std::lock_guard lock(mailboxMutex_);
    wasEmpty = mailbox_.empty();
    mailbox_.push_back(std::move(task));
  }
  if (wasEmpty) wakeup_->signal();
}

void EventLoop::drainMailbox() {
  std::vector<std::function<void()>> tasks;
  {
    std::lock_guard lock(mailboxMutex_);
    tasks.swap(mailbox_);
  }
  for (auto& task : tasks) task();
}

void EventLoop::refreshNow() {
  now_ = Clock::now();
  timespec wall;
  clock_gettime(CLOCK_REALTIME_COARSE, &wall);
  unixMillis_ = int64_t{wall.tv_sec} * 1000 + wall.tv_nsec / 1'000'000;
  nowValid_ = true;
}

void EventLoop::runPassEnd() {
  // Work may add work (a flush that fails closes its peer); it all belongs to this pass.
  while (PassEnd* work = passEnd_.popFront()) work->atPassEnd();
  while (!graveyard_.empty()) {
    auto dead = std::move(graveyard_);
    graveyard_.clear();
    dead.clear();
    while (PassEnd* work = passEnd_.popFront()) work->atPassEnd();
  }
  nowValid_ = false;
}

int64_t EventLoop::tickOf(TimePoint time) const {
  auto millis = std::chrono::ceil<Millis>(time - start_).count();
  return (millis + kTickMillis - 1) / kTickMillis;
}

void EventLoop::place(Timer& timer) {
  timer.place_ = timer.deadline_;
  int64_t tick = std::max(tickOf(timer.deadline_), wheelTick_);
  wheel_[static_cast<size_t>(tick) % kSlots].pushBack(timer);
  if (wheelArmedFor_ >= 0 && tick < wheelArmedFor_) wheelArmedFor_ = -1;
}

void EventLoop::armWheel() {
  if (wheelArmedFor_ >= 0) return;
  // The next slot with a timer in it; one of a later round wakes us in vain, once a round.
  for (size_t i = 0; i < kSlots; ++i) {
    int64_t tick = wheelTick_ + static_cast<int64_t>(i);
    if (wheel_[static_cast<size_t>(tick) % kSlots].empty()) continue;
    auto wait = start_ + Millis(tick * kTickMillis) - Clock::now();
    auto micros = std::max<int64_t>(
        0, std::chrono::duration_cast<std::chrono::microseconds>(wait).count() + 500);
    timeval limit{static_cast<time_t>(micros / 1'000'000),
                  static_cast<suseconds_t>(micros % 1'000'000)};
    event_add(wheelEvent_, &limit);
    wheelArmedFor_ = tick;
    return;
  }
}

void EventLoop::onWheel(int, short, void* self) { static_cast<EventLoop*>(self)->runTimers(); }

void EventLoop::runTimers() {
  wheelArmedFor_ = -1;
  TimePoint now = this->now();
  auto current = std::chrono::floor<Millis>(now - start_).count() / kTickMillis;
  int64_t last = std::min<int64_t>(current, wheelTick_ + static_cast<int64_t>(kSlots) - 1);
  IntrusiveList<Timer, TimerTag> come;
  for (int64_t tick = wheelTick_; tick <= last; ++tick) {
    come.takeAll(wheel_[static_cast<size_t>(tick) % kSlots]);
  }
  wheelTick_ = current + 1;
  IntrusiveList<Timer, TimerTag> due;
  while (Timer* timer = come.popFront()) {
    if (timer->deadline_ == Timer::kNever) continue;
    timer->deadline_ <= now ? due.pushBack(*timer) : place(*timer);
  }
  while (Timer* timer = due.popFront()) {
    // One that ran before may have cancelled this one or armed it anew.
    if (timer->deadline_ <= now) {
      timer->onTimer();
    } else if (timer->deadline_ != Timer::kNever) {
      place(*timer);
    }
  }
}

}  // namespace tollgate::event
