#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "source/base/intrusive_list.h"

struct event;
struct event_base;

/// The event loop of one thread; this folder is the only user of libevent.
namespace tollgate::event {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Millis = std::chrono::milliseconds;

class EventLoop;

/// Told when a descriptor is ready. Edge-triggered: read or write until the kernel says EAGAIN (or
/// a short read without `hangup`), or ask the FdWatch to be told again.
class FdHandler {
 public:
  virtual void onReady(bool readable, bool writable, bool hangup) = 0;

 protected:
  ~FdHandler() = default;
};

struct ReadyTag {};

/// One persistent registration of one descriptor for reading and writing, never modified.
class FdWatch : public ListLink<ReadyTag> {
 public:
  FdWatch() = default;
  ~FdWatch() { stop(); }
  FdWatch(const FdWatch&) = delete;
  FdWatch& operator=(const FdWatch&) = delete;

  /// Edge-triggered for both directions.
  void start(EventLoop& loop, int fd, FdHandler& handler);
  /// Level-triggered for reading only (listeners, eventfds).
  void startLevelRead(EventLoop& loop, int fd, FdHandler& handler);
  /// Level-triggered, for libraries that ask for exact interest (c-ares, Redis-like clients).
  void startLevel(EventLoop& loop, int fd, bool read, bool write, FdHandler& handler);
  void stop();
  /// Calls the handler again in the next pass, as if the descriptor had become readable/writable.
  /// That pass does not wait, serves what the kernel has first, and calls the handler once however
  /// often it was asked for and whatever the kernel has to say: so one busy descriptor can neither
  /// keep others waiting nor put off the end of a pass.
  void again(bool readable, bool writable);
  bool active() const { return event_ != nullptr; }

 private:
  friend class EventLoop;
  void begin(EventLoop& loop, int fd, short flags, FdHandler& handler);
  void serveAgain();
  static void dispatch(int fd, short what, void* self);
  ::event* event_ = nullptr;
  FdHandler* handler_ = nullptr;
  EventLoop* loop_ = nullptr;
  bool againReadable_ = false;
  bool againWritable_ = false;
};

struct TimerTag {};

/// A one-shot timer on the loop's wheel. Coarse (about 10 ms) and never early. Arming it allocates
/// nothing. Time limits are set and taken back with every request and hardly ever reached: to arm a
/// timer anew for later and to cancel it change its deadline alone, and it moves when its old place
/// on the wheel comes.
class Timer : public ListLink<TimerTag> {
 public:
  Timer() = default;
  virtual ~Timer() = default;
  bool armed() const { return linked() && deadline_ != kNever; }
  TimePoint deadline() const { return deadline_; }

 protected:
  virtual void onTimer() = 0;

 private:
  friend class EventLoop;
  static constexpr TimePoint kNever = TimePoint::max();
  TimePoint deadline_{};
  TimePoint place_{};  ///< While linked: the deadline that its place on the wheel is for.
};

/// A timer that calls a member function: MemberTimer<Connection, &Connection::onIdle> idle_{*this};
template <typename T, void (T::*Method)()>
class MemberTimer final : public Timer {
 public:
  explicit MemberTimer(T& owner) : owner_(owner) {}

 private:
  void onTimer() override { (owner_.*Method)(); }
  T& owner_;
};

struct PassTag {};

/// Work to do once at the end of the current pass, after all ready descriptors were served: this is
/// where connections flush what the pass has put into their buffers.
class PassEnd : public ListLink<PassTag> {
 protected:
  ~PassEnd() = default;
  virtual void atPassEnd() = 0;
  friend class EventLoop;
};

/// An object that must outlive the callback that ends it: freed after the pass.
class Deferred {
 public:
  virtual ~Deferred() = default;
};

class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Serves until stop(). Sets the thread that the loop belongs to.
  void run();
  /// One pass: waits for events at most `wait`, serves them, does end-of-pass work. For tests.
  void runOnce(Millis wait = Millis(10));
  /// From any thread.
  void stop();

  /// The time, read once per pass.
  TimePoint now() {
    if (!nowValid_) refreshNow();
    return now_;
  }
  /// Unix time in milliseconds, of this pass.
  int64_t unixMillis() {
    if (!nowValid_) refreshNow();
    return unixMillis_;
  }

  void arm(Timer& timer, Clock::duration delay) { armAt(timer, now() + delay); }
  void armAt(Timer& timer, TimePoint deadline) {
    timer.deadline_ = deadline;
    if (!timer.linked() || deadline < timer.place_) place(timer);
  }
  static void cancel(Timer& timer) { timer.deadline_ = Timer::kNever; }

  void atPassEnd(PassEnd& work) {
    if (!work.linked()) passEnd_.pushBack(work);
  }
  void deferDelete(std::unique_ptr<Deferred> object) { graveyard_.push_back(std::move(object)); }

  /// Keeps an object that uses this loop for as long as the loop and `user` live: what lost its
  /// user goes when the next object comes. The loop's thread.
  void keep(std::unique_ptr<Deferred> object, std::weak_ptr<const void> user);

  /// From any thread: runs `task` on this loop's thread in a later pass. Wakes the loop only when
  /// its mailbox was empty.
  void post(std::function<void()> task);

  ::event_base* base() { return base_; }
  /// Counts the passes: what must be done once in each compares it.
  uint32_t pass() const { return pass_; }

 private:
  friend class FdWatch;
  static constexpr size_t kSlots = 1024;
  static constexpr int64_t kTickMillis = 8;
  class Wakeup;

  void refreshNow();
  void runPass();
  void runPassEnd();
  void place(Timer& timer);
  void runTimers();
  void drainMailbox();
  void armWheel();
  int64_t tickOf(TimePoint time) const;
  static void onWheel(int fd, short what, void* self);

  ::event_base* base_ = nullptr;
  ::event* wheelEvent_ = nullptr;
  std::unique_ptr<Wakeup> wakeup_;
  IntrusiveList<FdWatch, ReadyTag> ready_;  ///< Of the next pass.
  uint32_t pass_ = 0;
  bool stopping_ = false;
  bool nowValid_ = false;
  TimePoint now_{};
  int64_t unixMillis_ = 0;
  TimePoint start_{};

  IntrusiveList<Timer, TimerTag> wheel_[kSlots];
  int64_t wheelTick_ = 0;       ///< Ticks before this one have been served.
  int64_t wheelArmedFor_ = -1;  ///< The tick that wheelEvent_ waits for, or -1.
  IntrusiveList<PassEnd, PassTag> passEnd_;
  std::vector<std::unique_ptr<Deferred>> graveyard_;
  struct Kept {
    std::unique_ptr<Deferred> object;
    std::weak_ptr<const void> user;
  };
  std::vector<Kept> kept_;

  std::mutex mailboxMutex_;
  std::vector<std::function<void()>> mailbox_;
};

}  // namespace tollgate::event
