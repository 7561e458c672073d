#pragma once

#include "source/http/exchange.h"
#include "source/templates/template.h"

namespace tollgate::filters::request_transformer {

/// What templates see of a request.
class RequestVariables final : public templates::Variables {
 public:
  /// `headers`: those to show; all must outlive this.
  RequestVariables(::tollgate::http::Exchange& exchange, const ::tollgate::http::HeaderMap& headers)
      : exchange_(exchange), headers_(headers) {}

  templates::Value member(templates::Table table, std::string_view name) override;

 private:
  templates::Value header(std::string_view name) const;
  templates::Value argument(std::string_view name) const;

  ::tollgate::http::Exchange& exchange_;
  const ::tollgate::http::HeaderMap& headers_;
};

/// A field by its name, in which "_" may stand for "-"; nullptr if there is none.
const ::tollgate::http::Header* findLoosely(const ::tollgate::http::HeaderMap& headers,
                                            std::string_view name);

}  // namespace tollgate::filters::request_transformer
