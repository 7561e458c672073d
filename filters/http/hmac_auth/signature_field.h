#pragma once

#include <optional>
#include <string_view>

namespace tollgate::filters::hmac_auth {

/// What a client signed, how, and as whom. Views into the field's value.
struct SignatureField {
  std::string_view user, algorithm, names, signature;
};

/// Reads the value of Authorization or Proxy-Authorization:
///     hmac username="…", algorithm="…", headers="…", signature="…"
/// in this order, white space only behind commas. As the reference has it, a value may itself hold
/// quotes and goes on to the last place from which the rest can be read; so does the signature, up
/// to the last quote of all. Nothing for any other text.
std::optional<SignatureField> readSignatureField(std::string_view value);

}  // namespace tollgate::filters::hmac_auth
