#pragma once

#include <memory>
#include <string>

#include "source/store/key_extractor.h"
#include "source/store/store.h"

namespace tollgate::store {

/// The node's own copy (LastGood) as a store that can only be read, for when the database cannot:
/// get, getByUnique and list answer from `path`, whatever writes there meanwhile; all else is
/// kUnavailable. Documents come as the copy keeps them: a SealingStore before it opens them.
/// Where `identity` is not that of the copy, nothing is given. A file that was replaced is found,
/// since each call opens it anew. There are no keys beside the documents, so that a look by a key
/// reads all documents of the kind that contain its text.
std::unique_ptr<Store> openLastGoodReader(std::string path, std::string identity,
                                          KeyExtractor keys);

}  // namespace tollgate::store
