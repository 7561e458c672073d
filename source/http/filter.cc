#include "source/http/filter.h"

#include "source/event/event_loop.h"

namespace tollgate::http {

Exchange* PauseHandle::get() const {
  return exchange_ != nullptr && exchange_->alive_ && exchange_->generation_ == generation_
             ? exchange_
             : nullptr;
}

void PauseHandle::resume() const {
  Exchange* exchange = get();
  if (exchange == nullptr) return;
  exchange->loop().post([handle = *this] {
    if (Exchange* still = handle.get()) still->resumePaused(handle.turn_);
  });
}

}  // namespace tollgate::http
