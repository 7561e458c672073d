#pragma once

#include <string>
#include <string_view>

#include "source/base/result.h"

/// bcrypt, for the password hashes of other programs. Pure functions; any thread, but never a
/// worker's. Apart from the other hashes, because a program that uses it needs libcrypt.
namespace tollgate::crypto {

/// Whether `hash` ("$2a$", "$2b$" or "$2y$", cost, salt and digest: 60 characters) was made of the
/// password by bcrypt. kInvalid where it is none, or has a cost above `mostCost`; bcrypt itself
/// knows 4 to 31, and each step doubles the time (12: some 250 ms). Of a password, bcrypt sees the
/// first 72 bytes; one with a NUL matches nothing.
Result<bool> matchesBcrypt(std::string_view password, std::string_view hash, int mostCost);
/// A "$2b$" hash with a random salt. kInvalid for a password that bcrypt would not see whole, and
/// for a cost outside of 4 to 31.
Result<std::string> bcrypt(std::string_view password, int cost);

}  // namespace tollgate::crypto
