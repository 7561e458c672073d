#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "source/store/sealed/credentials.h"
#include "source/store/store.h"

namespace tollgate::store {

/// Turns documents into the form in which they are kept, and back. What a field becomes is declared
/// by its schema (FieldRules.at_rest). Threads: trouble() from any, the rest one at a time.
class Protector {
 public:
  enum class Mode {
    kProtected,
    kPlain,  ///< As Kong keeps them: keys and secrets readable, passwords as SHA-1.
  };
  using FieldsOf = std::function<const std::vector<schema::AtRestField>&(std::string_view kind)>;
  /// Told each new trouble once, for the log.
  using Report = std::function<void(const std::string&)>;

  Protector(std::shared_ptr<const Credentials> crypto, Mode mode, Report report = {},
            FieldsOf fields = fieldsFromSchemas());
  static FieldsOf fieldsFromSchemas();

  Mode mode() const { return mode_; }
  const Credentials& crypto() const { return *crypto_; }
  const std::vector<schema::AtRestField>& fields(std::string_view kind) const {
    return fields_(kind);
  }

  /// For a write: values that are no stored form yet become one; stored forms stay.
  Status protect(std::string_view kind, Json& doc) const;
  /// For a copy of what the store gave out: keys are digested and secrets sealed again, passwords
  /// stay as they came.
  Status protectCopy(std::string_view kind, Json& doc) const;
  /// From whatever form a value has to the one of this mode and secret, as far as that can be;
  /// true if the document is another one now.
  Result<bool> convert(std::string_view kind, Json& doc) const;
  /// Sealed secrets become readable again. What cannot be opened stays sealed and is a trouble.
  void open(std::string_view kind, Json& doc);

  /// Whether `given`, the field of `doc` in words or in a stored form, is the value of which
  /// `stored` is kept. Of a password it takes as long as hashing one.
  bool isKeptAs(const schema::AtRestField& field, const std::string& given,
                const std::string& stored, const Json& doc) const;

  /// The forms in which a value of a digest field may stand, the one that is written now first.
  std::vector<std::string> formsOf(std::string_view value) const;
  /// False once a whole load() has shown that all digests are of the form written now.
  bool otherForms() const { return otherForms_; }
  void setOtherForms(bool seen) { otherForms_ = seen; }

  /// Why stored credentials cannot be used, naming the remedy; "" while all can.
  std::string trouble() const;
  void setTrouble(std::string text);
  /// Forgets the rows that could not be opened, before all are read again.
  void forgetForeignForms();

 private:
  Result<std::string> protectField(const schema::AtRestField& field, std::string_view kind,
                                   const std::string& value, const Json& doc) const;
  Result<std::string> convertField(const schema::AtRestField& field, std::string_view kind,
                                   const std::string& value, const Json& doc) const;
  void openField(const schema::AtRestField& field, std::string_view kind, const std::string& text,
                 Json& doc);
  void noteForeign(const std::string& secretId);

  std::shared_ptr<const Credentials> crypto_;
  const Mode mode_;
  Report report_;
  FieldsOf fields_;
  bool otherForms_ = true;
  std::set<std::string> foreignIds_;
  mutable std::mutex mutex_;  ///< Of the trouble only.
  std::string secretTrouble_, rowTrouble_;
};

}  // namespace tollgate::store
