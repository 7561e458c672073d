# Finds a static BoringSSL below BORINGSSL_ROOT and nowhere else: falling back to OpenSSL would bring
# two sets of the same symbols into one process. Targets: BoringSSL::ssl, BoringSSL::crypto.
include(FindPackageHandleStandardArgs)
find_path(BoringSSL_INCLUDE_DIR openssl/is_boringssl.h
          PATHS ${BORINGSSL_ROOT}/include NO_DEFAULT_PATH)
find_library(BoringSSL_SSL_LIBRARY NAMES libbssl.a libssl.a
             PATHS ${BORINGSSL_ROOT}/lib NO_DEFAULT_PATH)
find_library(BoringSSL_CRYPTO_LIBRARY NAMES libbcrypto.a libcrypto.a
             PATHS ${BORINGSSL_ROOT}/lib NO_DEFAULT_PATH)
if(BoringSSL_INCLUDE_DIR)
  file(STRINGS ${BoringSSL_INCLUDE_DIR}/openssl/base.h version_line
       REGEX "define BORINGSSL_API_VERSION")
  string(REGEX MATCH "[0-9]+$" BoringSSL_VERSION "${version_line}")
endif()
find_package_handle_standard_args(
  BoringSSL
  REQUIRED_VARS BoringSSL_SSL_LIBRARY BoringSSL_CRYPTO_LIBRARY BoringSSL_INCLUDE_DIR
  VERSION_VAR BoringSSL_VERSION)
if(BoringSSL_FOUND AND NOT TARGET BoringSSL::ssl)
  add_library(BoringSSL::crypto STATIC IMPORTED)
  set_target_properties(
    BoringSSL::crypto PROPERTIES IMPORTED_LOCATION ${BoringSSL_CRYPTO_LIBRARY}
                                 INTERFACE_INCLUDE_DIRECTORIES ${BoringSSL_INCLUDE_DIR})
  target_link_libraries(BoringSSL::crypto INTERFACE Threads::Threads)
  add_library(BoringSSL::ssl STATIC IMPORTED)
  set_target_properties(
    BoringSSL::ssl PROPERTIES IMPORTED_LOCATION ${BoringSSL_SSL_LIBRARY}
                              INTERFACE_INCLUDE_DIRECTORIES ${BoringSSL_INCLUDE_DIR})
  target_link_libraries(BoringSSL::ssl INTERFACE BoringSSL::crypto)
endif()
