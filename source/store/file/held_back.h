#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "source/store/file/declarative_file.h"

namespace tollgate::store {

/// Entities that wait for those they refer to, in a compact form.
class HeldBack {
 public:
  void add(const Declared& entity);
  /// Gives all of them, a kind after the kinds that it refers to, each kind in the order of the
  /// file, until one fails. They are gone then.
  Status giveAll(const std::function<Status(Declared)>& each);

 private:
  struct Entry {
    std::string id;
    std::vector<uint8_t> doc;  ///< CBOR: a tenth of what the document takes.
    bool createdAtGiven, updatedAtGiven;
    std::vector<std::string> madeUp;
  };
  std::map<const schema::EntitySchema*, std::vector<Entry>> entries_;
};

}  // namespace tollgate::store
