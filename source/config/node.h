#pragma once

#include <string>

#include "source/base/json.h"
#include "source/base/result.h"
#include "tollgate/node/v1/node.pb.h"

/// The node file: which listeners one process has, and which filters handle their connections.
namespace tollgate::config {

/// Reads a node file (YAML or JSON). Errors name the file and the place in it.
Result<node::v1::Node> loadNode(const std::string& path);
/// The same from the text of a file.
Result<node::v1::Node> readNode(const std::string& text, const std::string& path);
/// A filter's configuration as a document; {} where there is none.
Json configOf(const node::v1::Filter& filter);
/// The node as YAML that loadNode() reads.
std::string printNode(const node::v1::Node& node);

}  // namespace tollgate::config
