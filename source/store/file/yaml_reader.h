#pragma once

#include <istream>

#include "source/store/file/document_reader.h"

namespace tollgate::store {

/// Reads a YAML text of one document; throws Broken and what the sink throws.
void readYamlDocument(std::istream& in, DocumentSink& sink);

}  // namespace tollgate::store
