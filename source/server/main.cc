#include <cstdio>
#include <cstdlib>

#include "source/server/commands.h"

namespace {

/// Ends the program where the machine lacks instructions that it was compiled for. Before objects
/// are initialised, which may take such already.
[[gnu::constructor(101)]] void checkCpu() {
  const char* missing = nullptr;
#if defined(__x86_64__)
  __builtin_cpu_init();
#endif
#if defined(__POPCNT__)
  if (!__builtin_cpu_supports("popcnt")) missing = "POPCNT";
#endif
#if defined(__SSE4_2__)
  if (!__builtin_cpu_supports("sse4.2")) missing = "SSE4.2";
#endif
#if defined(__AVX2__)
  if (!__builtin_cpu_supports("avx2")) missing = "AVX2";
#endif
  if (missing == nullptr) return;
  std::fprintf(stderr, "tollgate: this CPU lacks %s; build with -DTOLLGATE_CPU=x86-64\n", missing);
  std::_Exit(1);
}

}  // namespace

int main(int argc, char** argv) { return tollgate::server::runCommand(argc, argv); }
