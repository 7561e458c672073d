#pragma once

#include <string>

#include "source/store/file/document_reader.h"

namespace tollgate::server {

/// Keeps a text on the disk, in a file below `folder` that has no name and is gone with the last
/// copy of the source: what it gives stays what was read once, and takes no memory. Where nothing
/// can be written there the text stays in memory.
store::TextSource spoolText(const std::string& folder, std::string name, std::string text);

}  // namespace tollgate::server
