#pragma once

#include <istream>

#include "source/store/file/document_reader.h"

namespace tollgate::store {

/// The text has something that the reader below leaves to the other one.
struct NotPlainYaml {};

/// Reads YAML as most files have it: block lists and records, scalars and flow collections on one
/// line, ASCII. A large file is read ten times as fast as by the reader of all YAML. Throws
/// NotPlainYaml at whatever is not so, mistakes included; what was given to the sink by then is
/// void. What it reads the other reader reads alike.
void readPlainYamlDocument(std::istream& in, DocumentSink& sink);

}  // namespace tollgate::store
