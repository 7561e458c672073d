#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// What happens to the path of a request: before the match, and on its way upstream.
namespace tollgate::route {

/// Where the path of a request target ends, and whether nothing needs to be done about it.
struct TargetScan {
  size_t pathBytes;  ///< Up to the query's "?" or the end.
  bool simple;       ///< The path is well-formed, normal and plain, without any triplet.
};
TargetScan scanTarget(std::string_view target);

/// The path in the form that routes are compared with: triplets of bytes that are not reserved are
/// decoded, those of reserved ones upper-cased, dot segments removed (RFC 3986 section 5.2.4), runs
/// of slashes merged. Malformed triplets stay as they are. Returns `raw` itself if it is normal
/// already, else a view into `scratch`, which has at least raw.size() bytes.
std::string_view normalizePath(std::string_view raw, char* scratch);
/// Whether every triplet is one, nothing stands for a control character (which origins and regexes
/// of routes take for the end of a line, or of the path), and no dot segment leads above the root.
bool wellFormedPath(std::string_view raw);
std::string normalForm(std::string_view raw);

/// Whether all bytes may stand in a path as they are.
bool isPlain(std::string_view path);

/// An upper bound of what buildUpstreamPath writes.
size_t upstreamPathBound(std::string_view servicePath, std::string_view path);

/// Writes the path that the origin gets to `out` and returns its length. `servicePath` begins with
/// a slash; `matched` is the part of `path` that the route matched ("/" if it matched no path).
size_t buildUpstreamPath(std::string_view servicePath, std::string_view matched,
                         std::string_view path, bool strip, char* out);
std::string upstreamPath(std::string_view servicePath, std::string_view matched,
                         std::string_view path, bool strip);

}  // namespace tollgate::route
