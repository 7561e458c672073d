#pragma once

#include <istream>

#include "source/store/file/document_reader.h"

namespace tollgate::store {

/// Reads a JSON text; throws Broken and what the sink throws.
void readJsonDocument(std::istream& in, DocumentSink& sink);

}  // namespace tollgate::store
