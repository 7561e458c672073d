#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "source/store/sql.h"
#include "source/store/store.h"

namespace tollgate::store {

struct ListStatement {
  std::string sql;
  std::vector<SqlValue> parameters;
};

/// Selects the documents of one page, and their ids. Whatever narrows the list has an index that
/// ends in the id, so that a page is read in the order of its ids from where it begins, and costs
/// its own length and not that of the list.
ListStatement listStatement(std::string_view kind, const ListQuery& query);

}  // namespace tollgate::store
