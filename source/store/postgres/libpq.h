#pragma once

#include <libpq-fe.h>

#include "source/base/result.h"

namespace tollgate::store {

/// The functions of libpq that the store calls. libpq and the dozens of libraries behind it take
/// 5 MB and some milliseconds of a start, so that they are loaded when a store in Postgres is first
/// opened, and never by a node without one.
#define TOLLGATE_LIBPQ_FUNCTIONS(F)                                                            \
  F(PQbackendPID)                                                                              \
  F(PQclear) F(PQcmdStatus) F(PQconnectPoll) F(PQconnectStartParams) F(PQconsumeInput)         \
      F(PQerrorMessage) F(PQfinish) F(PQflush) F(PQfreemem) F(PQgetisnull) F(PQgetlength)      \
          F(PQgetResult) F(PQgetvalue) F(PQisBusy) F(PQnfields) F(PQnotifies) F(PQntuples)     \
              F(PQresultErrorField) F(PQresultStatus) F(PQsendQuery) F(PQsendQueryParams)      \
                  F(PQsetNoticeReceiver) F(PQsetnonblocking) F(PQsetSingleRowMode) F(PQsocket) \
                      F(PQsslInUse) F(PQstatus)

struct Libpq {
#define TOLLGATE_LIBPQ_MEMBER(name) decltype(&::name) name = nullptr;
  TOLLGATE_LIBPQ_FUNCTIONS(TOLLGATE_LIBPQ_MEMBER)
#undef TOLLGATE_LIBPQ_MEMBER

  /// Loads the library on the first call; an error says what to install. Any thread.
  static Result<const Libpq*> load();
};

}  // namespace tollgate::store
