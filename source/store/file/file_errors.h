#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "source/store/file/document_reader.h"

namespace tollgate::store {

/// One thing that is wrong with a declarative file.
struct FileError {
  Path path;            ///< {"services", 0, "host"}; {} for the file as a whole.
  std::string message;  ///< Never with a secret.
  Place place;
  bool reference = false;  ///< What it refers to is not there.
  std::string hint = {};   ///< What it usually is, and what to do; for people only.

  /// "line:column: services[1].host: message; hint"; elements count from 1.
  std::string line() const;
};

/// Everything that is wrong with a declarative file, in the order in which it was found.
class FileErrors {
 public:
  /// Errors past this number are counted only.
  static constexpr size_t kMaxListed = 1000;

  bool empty() const { return total_ == 0; }
  size_t total() const { return total_; }
  const std::vector<FileError>& list() const { return list_; }

  void add(FileError error);
  /// Everything wrong with one entity, which flattened() tells together. `entity` is as it stands
  /// in the file, without nested ones, at `path`; the errors' paths begin with it. Those that are
  /// `reference`s stand in fields() under the entity's `key` ("routes":{"r":[…]}) where no other
  /// error of its kind needs the index.
  struct EntityErrors {
    std::string kind, key;
    Json entity;
    Path path;
    std::vector<FileError> errors;
  };
  void addEntity(EntityErrors entity);
  /// The text is no document at all.
  void setSyntax(std::string message, Place place);
  /// Once all are known: the shapes below settle.
  bool syntax() const { return syntax_; }

  /// As the Admin API prints them: nested by kind and index, null where an entity is fine.
  Json fields() const;
  /// What `fields` keeps when entities' errors are told in flattened().
  Json fieldsWithoutEntities() const;
  /// [{"entity_type":…,"errors":[…]}], {} where there is none.
  Json flattened() const;
  /// `fields` in one line, as messages print it.
  static std::string text(const Json& fields);
  /// One line for each, but for each plugin that is not there, and how many more there are.
  std::vector<std::string> lines(const std::string& file) const;

 private:
  struct Reference {
    size_t error;
    std::string kind, key;
  };

  bool syntax_ = false;
  size_t total_ = 0;
  std::vector<FileError> list_;
  std::vector<Reference> references_;      ///< Indexes into list_.
  std::vector<bool> ofEntity_;             ///< For each of list_: flattened() tells it.
  std::map<std::string, size_t> plugins_;  ///< How often each is missing, by message.
  Json flattened_ = Json::array();
};

/// "service" of "services", as error answers and forms call one entity.
std::string singularOf(const std::string& kind);

}  // namespace tollgate::store
