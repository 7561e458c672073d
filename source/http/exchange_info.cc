#include "source/http/exchange_info.h"

namespace tollgate::http {

std::string_view nameOf(AnsweredBy who) {
  switch (who) {
    case AnsweredBy::kNobody:
      return "nobody";
    case AnsweredBy::kOrigin:
      return "origin";
    case AnsweredBy::kFilter:
      return "filter";
    case AnsweredBy::kGateway:
      return "gateway";
    case AnsweredBy::kEngine:
      return "engine";
  }
  return "";
}

}  // namespace tollgate::http
