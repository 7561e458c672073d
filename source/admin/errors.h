#pragma once

#include <string>
#include <string_view>

#include "source/admin/reply.h"
#include "source/base/result.h"
#include "source/store/store.h"

/// The documented error answers. Pure functions.
namespace tollgate::admin {

/// {"message":…} with a status.
Reply message(int status, std::string text);
Reply notFound();
Reply methodNotAllowed();
Reply unexpected();
/// The page of a request that fails before the API looks at it.
Reply htmlPage(int status, std::string_view title);

/// An error with `code` and `name`; `details` stands under "fields" (code 11: "options") unless
/// null.
Reply failure(int status, int code, std::string name, std::string text, Json details);
Reply violation(const schema::Violations& violations);
/// PATCH on what is not there: by {"id":…} or by {"<key>":…}.
Reply missingEntity(const Json& key);
/// An insertion whose "id" is null. The text is part of the recorded behaviour.
Reply nullPrimaryKey();
/// `onKey` is the unique field to blame for a duplicate id, or "".
Reply refused(const store::Refusal& refusal, const Json& doc, std::string_view onKey);
/// The store did not answer: 503 when out of reach, else 500; a row that cannot be read is named.
Reply storeFailed(const Error& error);

/// A key as messages print it: {id="…"}; members sorted, nested braces, null.
std::string keyText(const Json& key);

}  // namespace tollgate::admin
