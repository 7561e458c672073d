#include <cstdio>

#include "source/server/commands.h"

namespace {

/// Whether the machine has the instructions that this program was compiled for.
bool cpuSuffices() {
#if defined(__SSSE3__) && defined(__POPCNT__)
  __builtin_cpu_init();
  return __builtin_cpu_supports("ssse3") && __builtin_cpu_supports("popcnt");
#else
  return true;
#endif
}

}  // namespace

int main(int argc, char** argv) {
  if (!cpuSuffices()) {
    std::fputs("tollgate: this CPU lacks SSSE3 or POPCNT; build with -DTOLLGATE_CPU=x86-64\n",
               stderr);
    return 1;
  }
  return tollgate::server::runCommand(argc, argv);
}
