#include "source/crypto/bcrypt.h"

#include <crypt.h>
#include <openssl/mem.h>

#include <memory>

#include "source/crypto/secret.h"

namespace tollgate::crypto {
namespace {

constexpr size_t kBcryptChars = 60;
constexpr size_t kBcryptSettingChars = 29;  ///< "$2b$12$" and the salt.
constexpr size_t kBcryptSaltBytes = 16;
constexpr size_t kBcryptMostBytes = 72;
constexpr int kBcryptLeastCost = 4, kBcryptMostCost = 31;

/// The cost of a text that has the form of a bcrypt hash; -1 for any other.
int bcryptCostOf(std::string_view hash) {
  const bool known =
      hash.starts_with("$2a$") || hash.starts_with("$2b$") || hash.starts_with("$2y$");
  if (hash.size() != kBcryptChars || !known || hash[6] != '$') return -1;
  const bool plain = hash.substr(7).find_first_not_of(
                         "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") ==
                     std::string_view::npos;
  const unsigned tens = static_cast<unsigned>(hash[4] - '0'),
                 ones = static_cast<unsigned>(hash[5] - '0');
  if (!plain || tens > 9 || ones > 9) return -1;
  const int cost = static_cast<int>(10 * tens + ones);
  return cost >= kBcryptLeastCost && cost <= kBcryptMostCost ? cost : -1;
}

/// "" where the C library's crypt() cannot do it. Of `setting`, what follows the salt is ignored.
std::string cryptText(std::string_view password, std::string_view setting) {
  // 32 KiB: too much for a stack, and full of what was made of the password.
  auto data = std::make_unique<crypt_data>();
  std::string given(password.substr(0, kBcryptMostBytes)), with(setting);
  const char* made = crypt_r(given.c_str(), with.c_str(), data.get());
  std::string out = made != nullptr && *made != '*' ? std::string(made) : std::string();
  OPENSSL_cleanse(data.get(), sizeof *data);
  wipe(given);
  return out;
}

}  // namespace

Result<bool> matchesBcrypt(std::string_view password, std::string_view hash, int mostCost) {
  const int cost = bcryptCostOf(hash);
  if (cost < 0) return Error::invalid("no bcrypt hash");
  if (cost > mostCost) {
    return Error::invalid("a bcrypt hash of cost " + std::to_string(cost) +
                          " takes too long; the limit is " + std::to_string(mostCost));
  }
  if (password.find('\0') != std::string_view::npos) return false;
  const std::string made = cryptText(password, hash.substr(0, kBcryptSettingChars));
  if (made.empty()) return Error::internal("the C library cannot compute bcrypt");
  return equalInConstantTime(made, hash);
}

Result<std::string> bcrypt(std::string_view password, int cost) {
  if (cost < kBcryptLeastCost || cost > kBcryptMostCost) {
    return Error::invalid("the cost of a password hash is out of range");
  }
  if (password.size() > kBcryptMostBytes || password.find('\0') != std::string_view::npos) {
    return Error::invalid("bcrypt takes passwords of at most 72 bytes, none of them NUL");
  }
  const std::string salt = randomBytes(kBcryptSaltBytes);
  char setting[CRYPT_GENSALT_OUTPUT_SIZE];
  if (crypt_gensalt_rn("$2b$", static_cast<unsigned long>(cost), salt.data(),
                       static_cast<int>(salt.size()), setting, sizeof setting) == nullptr) {
    return Error::internal("the C library cannot compute bcrypt");
  }
  std::string made = cryptText(password, setting);
  if (made.empty()) return Error::internal("the C library cannot compute bcrypt");
  return made;
}

}  // namespace tollgate::crypto
