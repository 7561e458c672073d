#pragma once

#include <string>
#include <vector>

namespace tollgate::store {

/// A view of one kind of documents, with a column for each field of its schema: for people with
/// psql.
struct KindView {
  std::string name;
  std::string select;
};
/// One for each kind of the schemas.
std::vector<KindView> kindViews();

}  // namespace tollgate::store
