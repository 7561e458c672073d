#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "source/base/json.h"

/// One declaration, everything derived: an EntitySchema is compiled once at start from a protobuf
/// message in `api/` and its options (see api/tollgate/schema/v1). It decodes, coerces, fills in
/// defaults, validates with the documented error texts, and describes itself.
///
/// A document is JSON in which every field of the schema stands, unset ones as null.
/// Threads: immutable after start; any thread may use it.
namespace tollgate::schema {

/// The problems of one document, in the shape in which the Admin API prints them.
struct Violations {
  Json fields = Json::object();  ///< {"port":"expected an integer","@entity":["…"],"config":{…}}
  bool empty() const { return fields.empty(); }
  /// "schema violation (a: b)" or "2 schema violations (a: b; c: d)".
  std::string message() const;
};

struct UniqueKey {
  std::string field;  ///< "name", or "name+route+service+consumer" for a composite one.
  std::string value;  ///< Canonical text; equal text means a conflict.
  Json fields;        ///< What a conflict's error prints under "fields": {"name":"x"}.
};

struct ForeignKey {
  enum class OnDelete { kRestrict, kCascade };
  std::string field;       ///< "service"
  std::string targetKind;  ///< "services"
  std::string targetId;
  OnDelete onDelete = OnDelete::kRestrict;
};

struct ForeignField {
  std::string field;
  std::string targetKind;
  ForeignKey::OnDelete onDelete;
};

/// How a secret value is kept; see FieldRules.at_rest.
enum class AtRest { kDigest, kPassword, kSealed };

/// A text field of the documents of one kind.
struct FieldPath {
  std::string field;        ///< "key", or "pem.private_key" within a record.
  std::string plugin = {};  ///< Whose field it is, of "plugins"; "" where every document has it.
  /// The text of the field; nullptr where `doc` has none.
  const std::string* in(const Json& doc) const;
  /// Only where in() finds one.
  void set(Json& doc, std::string text) const;
};

struct AtRestField : FieldPath {
  AtRestField(std::string name, AtRest kept, std::string owner = {})
      : FieldPath{std::move(name), std::move(owner)}, how(kept) {}
  AtRest how;
};

/// How the paths of the Admin API call a kind.
struct PathNames {
  std::string collection;  ///< "key-auths" in "/key-auths"
  std::string nested;      ///< "key-auth" in "/consumers/{consumers}/key-auth"
  std::string plugin;      ///< The paths exist only where this plugin is listed; "" always.
  /// A duplicate id is reported as a conflict of the endpoint key.
  bool duplicateIdIsOnKey = false;
  std::string withoutPath;  ///< A reference that has no singular path.
};

/// How a write treats what the body leaves out.
enum class WriteMode {
  kInsert,  ///< POST and PUT: defaults and generated values are filled in.
  kUpdate,  ///< PATCH: the body is merged into `stored` (records deeply, lists and maps as a
            ///< whole).
};

class EntitySchema {
 public:
  virtual ~EntitySchema() = default;

  /// nullptr where there is no such kind. Kinds are collection names: "services", "routes",
  /// "keyauth_credentials", …
  static const EntitySchema* find(std::string_view kind);
  /// All kinds in order of dependency (a kind comes after the kinds that it refers to).
  static const std::vector<const EntitySchema*>& all();

  virtual const std::string& kind() const = 0;
  /// The unique field by which a path may name an entity ("name", "username", "key"), or "".
  virtual const std::string& endpointKey() const = 0;
  /// The field by which a path below an owner may name an entity, unique together with that owner
  /// ("group" of a consumer), or "".
  virtual const std::string& ownedKey() const = 0;
  /// False where entities are only a part of others and have no paths of their own.
  virtual bool hasOwnPaths() const = 0;
  virtual const PathNames& pathNames() const = 0;
  /// Of a credential: the unique field by which filters find it; else "".
  virtual const std::string& foundBy() const = 0;
  virtual const std::vector<ForeignField>& foreignFields() const = 0;
  virtual bool supportsTtl() const = 0;
  /// Whether the values of `field` must not be shown.
  virtual bool isSecret(std::string_view field) const = 0;
  /// The fields that a store must not keep as they are.
  virtual const std::vector<AtRestField>& atRestFields() const = 0;
  /// Those that may hold a reference to a secret (see vault_reference.h) in place of a value.
  virtual const std::vector<FieldPath>& referenceFields() const = 0;

  /// Turns form values (all strings, see Form in form.h) into the types the schema wants. `stored`
  /// is the entity that a PATCH changes (tells a plugin's name), or null.
  virtual Json coerce(Json form, const Json& stored) const = 0;

  /// Validates `body` and returns the whole document. `nowSeconds` stamps created_at/updated_at.
  /// Foreign references stay as given ({"id":…} after the caller resolved them). On violations the
  /// returned document is meaningless.
  virtual Json write(WriteMode mode, Json body, const Json& stored, double nowSeconds,
                     Violations& violations) const = 0;

  /// Checks one value as the value of the endpoint key or of "id"; returns "" or the error text.
  virtual std::string checkField(std::string_view field, const Json& value) const = 0;

  /// The document as the Admin API prints it (adds derived members, computes remaining ttl).
  virtual Json print(const Json& doc, double nowSeconds) const = 0;

  /// Whether the lifetime (ttl) of the document has ended; such a document counts as absent.
  virtual bool expired(const Json& doc, double nowSeconds) const = 0;

  /// "" where a stored document has the shape that this program expects, else what is wrong,
  /// without values. Looser than write(): fields of a newer program and values that a rule has come
  /// to forbid do no harm.
  virtual std::string misfit(const Json& doc) const = 0;
  /// The document for people who may not see secrets: those are "******".
  virtual Json masked(Json doc) const = 0;

  virtual std::vector<UniqueKey> uniqueKeys(const Json& doc) const = 0;
  virtual std::vector<ForeignKey> foreignKeys(const Json& doc) const = 0;

  /// The body of GET /schemas/{kind}.
  virtual Json describe() const = 0;
};

/// What stands for a secret that is not shown.
inline constexpr const char* kMask = "******";

/// Plugin configurations: the `config` record of one plugin name.
struct PluginInfo {
  std::string name;
  int priority = 0;
  std::string version;
};
/// Names this build can run, alphabetical.
std::vector<PluginInfo> pluginInfos();
/// The body of GET /schemas/plugins/{name}; null if there is none.
Json describePlugin(std::string_view name);
/// The body of GET /schemas/vaults/{name}; null if there is none.
Json describeVault(std::string_view name);
/// The body of GET /schemas/tags: the rows that tell which entity has which tag.
Json describeTags();
/// What is wrong with such a row that somebody wants to write; something always is, since tags are
/// written with the entities that bear them.
Violations checkTags(Json row);

}  // namespace tollgate::schema
