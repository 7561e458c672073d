#pragma once

#include <vector>

#include "source/store/file/document_reader.h"
#include "source/store/file/file_errors.h"

/// A record as a file has it, on its way to what a schema takes.
namespace tollgate::store {

/// Before format version 3.0 a path with characters of regular expressions was one.
void convertPaths(Json& route);

/// Where credentials are not to be transformed, passwords are Kong's hashes of passwords.
void markHashed(const schema::EntitySchema& schema, Json& raw);

/// The errors of a schema as errors of a file, below `path`.
void spread(const Json& tree, Path path, std::vector<FileError>& out);

/// What `record` has at `path`, of which the first `from` steps lead to it; nullptr where nothing.
Json* partAt(Json& record, const Path& path, size_t from);

/// Makes booleans and numbers of YAML 1.1 of what was refused for being text: `errors` are those of
/// `record`, whose paths have `from` steps before it, the first two of which lead to the element
/// that `places` is of. False where there is nothing to convert.
bool convertLoose(Json& record, const std::vector<FileError>& errors, size_t from,
                  const Places& places);

}  // namespace tollgate::store
