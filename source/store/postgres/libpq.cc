#include "source/store/postgres/libpq.h"

#include <dlfcn.h>

#include <string>

namespace tollgate::store {
namespace {

/// The interface version that libpq has had since PostgreSQL 8.2.
constexpr const char* kLibrary = "libpq.so.5";

Result<Libpq> open() {
  // Local: no symbol of the OpenSSL behind it may stand in for one of ours. Never closed: what it
  // starts does not end.
  void* library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* reason = dlerror();
    return Error::unavailable(std::string("cannot load libpq: ") + (reason ? reason : kLibrary) +
                              "; install the package libpq5");
  }
  Libpq out;
  const char* missing = nullptr;
#define TOLLGATE_LIBPQ_LOOKUP(name)                                       \
  out.name = reinterpret_cast<decltype(out.name)>(dlsym(library, #name)); \
  if (out.name == nullptr) missing = #name;
  TOLLGATE_LIBPQ_FUNCTIONS(TOLLGATE_LIBPQ_LOOKUP)
#undef TOLLGATE_LIBPQ_LOOKUP
  if (missing != nullptr) {
    return Error::unavailable(std::string(kLibrary) + " has no function " + missing +
                              "; install a newer libpq5");
  }
  return out;
}

}  // namespace

Result<const Libpq*> Libpq::load() {
  static const Result<Libpq> loaded = open();
  if (!loaded) return loaded.error();
  return &loaded.value();
}

}  // namespace tollgate::store
