#pragma once

#include <memory>

#include "source/http/filter_factory.h"
#include "source/store/sealed/credentials.h"

namespace tollgate::server {

/// Passwords in the forms in which this node's store keeps them.
class StoredPasswords final : public http::PasswordVerifier {
 public:
  explicit StoredPasswords(std::shared_ptr<const store::Credentials> credentials)
      : credentials_(std::move(credentials)) {}

  /// Kong's form is a single digest; ours are slow on purpose.
  bool slow(std::string_view stored) const override { return store::hasStoredFormMark(stored); }
  bool matches(std::string_view stored, std::string_view password,
               std::string_view consumerId) const override {
    return credentials_->verifyPassword(stored, password, consumerId);
  }

 private:
  std::shared_ptr<const store::Credentials> credentials_;
};

}  // namespace tollgate::server
