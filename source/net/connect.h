#pragma once

#include "source/net/address.h"

namespace tollgate::net {

/// A TCP socket that has begun to connect: non-blocking, not inherited, without Nagle's delay. The
/// caller owns it; a Connection says how it ends.
struct ConnectingSocket {
  int fd = -1;
  int error = 0;       ///< Where fd is -1: an errno; see connectErrorText().
  bool opened = true;  ///< False where it is this process that has no socket to give.
};
ConnectingSocket beginConnect(const Address& address);

}  // namespace tollgate::net
