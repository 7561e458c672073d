#include <dlfcn.h>
#include <openssl/ec_key.h>
#include <openssl/ssl.h>

#include "test/store/support.h"

#ifndef OPENSSL_IS_BORINGSSL
#error "this test is about BoringSSL beside libpq's OpenSSL"
#endif

namespace tollgate::store {
namespace {

void useBoringSsl() {
  bssl::UniquePtr<SSL_CTX> context(SSL_CTX_new(TLS_method()));
  bssl::UniquePtr<SSL> ssl(SSL_new(context.get()));
  ASSERT_TRUE(ssl);
  bssl::UniquePtr<EC_KEY> key(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  ASSERT_TRUE(key && EC_KEY_generate_key(key.get()));
}

TEST(OneProcess, HoldsBoringSslAndTheOpenSslOfLibpq) {
  if (!test::PostgresServer::available()) GTEST_SKIP() << "no Postgres on this machine";
  PostgresSettings settings = freshSchema(test::PostgresServer::shared());
  settings.ssl = settings.sslVerify = true;
  settings.host = "localhost";
  settings.caFile = test::PostgresServer::shared().certificate();
  useBoringSsl();
  bootstrap(settings);
  useBoringSsl();
  EXPECT_EQ(openPostgres(settings, SmallWorld::keys()).value()->revision().value(), 0u);
  // The libssl that libpq brought is there, with functions of its own, and none of the program's.
  void* library = dlopen("libssl.so.3", RTLD_NOW | RTLD_NOLOAD);
  ASSERT_NE(library, nullptr);
  void* theirs = dlsym(library, "SSL_new");
  Dl_info info{};
  ASSERT_TRUE(theirs != nullptr && dladdr(theirs, &info) != 0);
  EXPECT_NE(std::string(info.dli_fname).find("libssl.so"), std::string::npos) << info.dli_fname;
  EXPECT_NE(theirs, reinterpret_cast<void*>(&SSL_new));
  EXPECT_EQ(dlsym(RTLD_DEFAULT, "SSL_new"), nullptr) << "a symbol of one is visible to the other";
  dlclose(library);
}

}  // namespace
}  // namespace tollgate::store
