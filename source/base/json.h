#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <iosfwd>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace tollgate {

class JsonPart;
template <bool kConst>
class JsonIterator;
template <bool kConst>
class JsonItems;

/// A value was asked for as what it is not, or a text is no JSON.
class JsonError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

template <class T>
concept JsonTextLike = std::convertible_to<T, std::string_view> && !std::same_as<T, std::nullptr_t>;
template <class T>
concept JsonListLike = requires(const T& list) {
  typename T::value_type;
  list.begin();
  list.end();
  list.size();
}
&&!std::convertible_to<const T&, std::string_view>;
template <class T>
concept JsonInteger = std::integral<T> && !std::same_as<T, bool>;

/// A JSON value: documents, configuration, and the Admin API's bodies. Its functions are named as
/// in nlohmann/json, by which it is read and written, and mean the same; but they are no templates,
/// so that a file that uses them does not compile the library anew. Members of an object are sorted
/// by name. What asks for a value as what it is not throws JsonError. A value belongs to one
/// thread.
class Json {
 public:
  enum class value_t : uint8_t {
    null,
    object,
    array,
    string,
    boolean,
    number_integer,
    number_unsigned,
    number_float,
    binary,
    discarded,  ///< What a text that is no JSON is parsed to.
  };
  enum class error_handler_t : uint8_t {
    strict,   ///< A text that is not UTF-8 throws.
    replace,  ///< U+FFFD stands for each part that is not UTF-8.
  };
  using object_t = std::map<std::string, Json, std::less<>>;
  using array_t = std::vector<Json>;
  using iterator = JsonIterator<false>;
  using const_iterator = JsonIterator<true>;
  using value_type = Json;
  using reference = Json&;
  using const_reference = const Json&;
  using size_type = size_t;
  using difference_type = std::ptrdiff_t;

  Json() noexcept {}
  Json(std::nullptr_t) noexcept {}
  explicit Json(value_t type);
  template <std::same_as<bool> T>
  Json(T value) noexcept : type_(value_t::boolean) {
    value_.boolean = value;
  }
  template <JsonInteger T>
  Json(T value) noexcept {
    if constexpr (std::is_signed_v<T>) {
      type_ = value_t::number_integer;
      value_.integer = value;
    } else {
      type_ = value_t::number_unsigned;
      value_.uinteger = value;
    }
  }
  template <std::floating_point T>
  Json(T value) noexcept : type_(value_t::number_float) {
    value_.real = value;
  }
  template <JsonTextLike T>
  Json(T&& text) {
    if constexpr (std::same_as<T, std::string>) {
      setText(std::move(text));
    } else {
      setText(std::string(std::string_view(text)));
    }
  }
  /// A list becomes an array, a map of texts an object.
  template <JsonListLike T>
  requires(!std::same_as<T, Json>) Json(const T& list)
      : Json(isMap<T>() ? value_t::object : value_t::array) {
    for (const auto& item : list) {
      if constexpr (isMap<T>()) {
        (*this)[std::string_view(item.first)] = Json(item.second);
      } else {
        append(Json(item));
      }
    }
  }
  Json(array_t list);
  Json(object_t members);
  /// An object where every part is a pair of a name and a value, else an array.
  Json(std::initializer_list<JsonPart> parts);
  Json(const Json& other);
  Json(Json&& other) noexcept : type_(other.type_), value_(other.value_) {
    other.type_ = value_t::null;
  }
  Json& operator=(Json other) noexcept {
    swap(other);
    return *this;
  }
  ~Json() {
    if (hasHeap()) destroy();
  }
  void swap(Json& other) noexcept {
    std::swap(type_, other.type_);
    std::swap(value_, other.value_);
  }

  static Json array();
  static Json array(std::initializer_list<JsonPart> items);
  static Json object();
  static Json object(std::initializer_list<JsonPart> members);
  static Json binary(std::string bytes);
  /// Throws where `text` is no JSON.
  static Json parse(std::string_view text);
  /// Discarded where it is none. The arguments are the library's: no callback, no exceptions.
  static Json parse(std::string_view text, std::nullptr_t, bool throws);

  /// As text. `indent` below 0: in one line. `ascii`: everything else is escaped.
  std::string dump(int indent = -1, char indentBy = ' ', bool ascii = false,
                   error_handler_t notUtf8 = error_handler_t::strict) const;
  static std::vector<uint8_t> to_cbor(const Json& value);
  static Json from_cbor(const std::vector<uint8_t>& bytes);

  value_t type() const noexcept { return type_; }
  const char* type_name() const noexcept;
  bool is_null() const noexcept { return type_ == value_t::null; }
  bool is_object() const noexcept { return type_ == value_t::object; }
  bool is_array() const noexcept { return type_ == value_t::array; }
  bool is_structured() const noexcept { return is_object() || is_array(); }
  bool is_primitive() const noexcept { return !is_structured() && !is_discarded(); }
  bool is_string() const noexcept { return type_ == value_t::string; }
  bool is_boolean() const noexcept { return type_ == value_t::boolean; }
  bool is_number() const noexcept { return is_number_integer() || is_number_float(); }
  bool is_number_integer() const noexcept {
    return type_ == value_t::number_integer || type_ == value_t::number_unsigned;
  }
  bool is_number_unsigned() const noexcept { return type_ == value_t::number_unsigned; }
  bool is_number_float() const noexcept { return type_ == value_t::number_float; }
  bool is_binary() const noexcept { return type_ == value_t::binary; }
  bool is_discarded() const noexcept { return type_ == value_t::discarded; }

  /// A copy as bool, a number, std::string, or a container of them.
  template <class T>
  T get() const {
    if constexpr (std::same_as<T, Json>) {
      return *this;
    } else if constexpr (std::same_as<T, bool>) {
      return asBool();
    } else if constexpr (std::floating_point<T>) {
      return static_cast<T>(asDouble());
    } else if constexpr (std::unsigned_integral<T>) {
      return static_cast<T>(asUnsigned());
    } else if constexpr (std::integral<T>) {
      return static_cast<T>(asInteger());
    } else if constexpr (std::same_as<T, std::string>) {
      return text();
    } else {
      T out;
      for (const Json& item : items_()) {
        out.insert(out.end(), item.get<typename T::value_type>());
      }
      return out;
    }
  }
  /// Without a copy: std::string, object_t or array_t, as reference.
  template <class T>
  T get_ref() {
    using Value = std::remove_cvref_t<T>;
    if constexpr (std::same_as<Value, std::string>) {
      return text();
    } else if constexpr (std::same_as<Value, object_t>) {
      return members_();
    } else {
      return items_();
    }
  }
  template <class T>
  T get_ref() const {
    return const_cast<Json*>(this)->get_ref<T>();
  }
  /// Null where it is no text.
  template <class T>
  requires std::same_as<T, const std::string*> T get_ptr()
  const { return is_string() ? value_.text : nullptr; }
  /// The bytes of a binary value.
  const std::string& get_binary() const;

  /// A missing member is made; null becomes an object.
  Json& operator[](std::string_view name);
  const Json& operator[](std::string_view name) const { return at(name); }
  template <JsonInteger T>
  Json& operator[](T index) {
    return element(static_cast<size_t>(index));
  }
  template <JsonInteger T>
  const Json& operator[](T index) const {
    return at(static_cast<size_t>(index));
  }
  Json& at(std::string_view name);
  const Json& at(std::string_view name) const;
  Json& at(size_t index);
  const Json& at(size_t index) const;
  Json& front();
  const Json& front() const;
  Json& back();
  const Json& back() const;

  /// The member, or `otherwise` where there is none.
  template <class T>
  requires(!JsonTextLike<T>) T value(std::string_view name, const T& otherwise)
  const {
    const Json* member = lookUp(name);
    return member == nullptr ? otherwise : member->get<T>();
  }
  std::string value(std::string_view name, std::string_view otherwise) const;

  bool contains(std::string_view name) const;
  size_t count(std::string_view name) const { return contains(name) ? 1 : 0; }
  iterator find(std::string_view name);
  const_iterator find(std::string_view name) const;
  iterator begin();
  iterator end();
  const_iterator begin() const;
  const_iterator end() const;
  const_iterator cbegin() const;
  const_iterator cend() const;
  /// Pairs of name and value; of an array, the index is the name.
  JsonItems<false> items();
  JsonItems<true> items() const;

  bool empty() const noexcept { return size() == 0; }
  /// 0 for null, 1 for what is no container.
  size_t size() const noexcept;
  void clear() noexcept;
  /// Null becomes an array.
  void push_back(Json item) { append(std::move(item)); }
  /// A pair of a name and a value given to an object becomes its member.
  void push_back(std::initializer_list<JsonPart> parts);
  template <class... Args>
  Json& emplace_back(Args&&... args) {
    return append(Json(std::forward<Args>(args)...));
  }
  /// False, and nothing done, where there is such a member.
  template <class T>
  bool emplace(std::string_view name, T&& value) {
    return addMember(name, Json(std::forward<T>(value)));
  }
  iterator insert(const_iterator before, Json item);
  /// The members of `other` as well; its values win.
  void update(const Json& other);
  size_t erase(std::string_view name);
  iterator erase(iterator at);
  void erase(size_t index);

  /// Of numbers, 5 and 5.0 are equal and have different hashes.
  size_t hash() const noexcept;
  friend bool operator==(const Json& a, const Json& b) noexcept { return a.equals(b); }
  friend std::ostream& operator<<(std::ostream& out, const Json& value) { return value.print(out); }

 private:
  template <bool kConst>
  friend class JsonIterator;

  union Value {
    bool boolean;
    int64_t integer;
    uint64_t uinteger;
    double real;
    std::string* text;
    array_t* items;
    object_t* members;
  };

  template <class T>
  static constexpr bool isMap() {
    return requires { typename T::mapped_type; };
  }
  bool hasHeap() const noexcept { return is_structured() || is_string() || is_binary(); }
  void destroy() noexcept;
  void moveContainersTo(array_t& out) noexcept;
  void setText(std::string text);
  std::string& text();
  const std::string& text() const { return const_cast<Json*>(this)->text(); }
  array_t& items_();
  const array_t& items_() const { return const_cast<Json*>(this)->items_(); }
  object_t& members_();
  bool asBool() const;
  double asDouble() const;
  int64_t asInteger() const;
  uint64_t asUnsigned() const;
  const Json* lookUp(std::string_view name) const;
  Json& element(size_t index);
  Json& append(Json item);
  bool addMember(std::string_view name, Json value);
  bool equals(const Json& other) const noexcept;
  std::ostream& print(std::ostream& out) const;
  [[noreturn]] void wrongType(const char* wanted) const;

  value_t type_ = value_t::null;
  Value value_{};
};

/// A part of an initializer list, moved where it can be.
class JsonPart {
 public:
  JsonPart(Json&& value) : own_(std::move(value)) {}
  JsonPart(const Json& value) : other_(&value) {}
  JsonPart(std::initializer_list<JsonPart> parts) : own_(parts) {}
  template <class... Args>
  requires std::constructible_from<Json, Args...> JsonPart(Args&&... args)
      : own_(std::forward<Args>(args)...) {}
  JsonPart(JsonPart&&) = default;
  JsonPart(const JsonPart&) = delete;

  const Json& operator*() const { return other_ != nullptr ? *other_ : own_; }
  Json take() const { return other_ != nullptr ? *other_ : std::move(own_); }

 private:
  mutable Json own_;
  const Json* other_ = nullptr;
};

/// Goes over items or members; of what is no container, over that value itself. As those of
/// std::vector and std::map, it ends with what alters the container.
template <bool kConst>
class JsonIterator {
 public:
  using Value = std::conditional_t<kConst, const Json, Json>;
  using iterator_category = std::bidirectional_iterator_tag;
  using value_type = Json;
  using difference_type = std::ptrdiff_t;
  using pointer = Value*;
  using reference = Value&;

  JsonIterator() = default;
  JsonIterator(const JsonIterator&) = default;
  JsonIterator(const JsonIterator<false>& other) requires kConst : of_(other.of_),
                                                                   member_(other.member_),
                                                                   index_(other.index_) {}
  JsonIterator& operator=(const JsonIterator&) = default;

  Value& operator*() const {
    if (of_->is_object()) return const_cast<Json&>(member_->second);
    if (of_->is_array()) return const_cast<Json&>((*of_->value_.items)[index_]);
    return const_cast<Json&>(*of_);
  }
  Value* operator->() const { return &**this; }
  /// Of a member.
  const std::string& key() const {
    if (!of_->is_object()) throw JsonError("only members of an object have a name");
    return member_->first;
  }
  Value& value() const { return **this; }
  JsonIterator& operator++() {
    step(1);
    return *this;
  }
  JsonIterator operator++(int) {
    JsonIterator old = *this;
    step(1);
    return old;
  }
  JsonIterator& operator--() {
    step(-1);
    return *this;
  }
  /// Only of an array.
  JsonIterator operator+(difference_type n) const {
    JsonIterator out = *this;
    out.index_ += n;
    return out;
  }
  difference_type operator-(const JsonIterator& other) const {
    return static_cast<difference_type>(index_) - static_cast<difference_type>(other.index_);
  }
  friend bool operator==(const JsonIterator& a, const JsonIterator& b) {
    return a.index_ == b.index_ && a.member_ == b.member_;
  }

 private:
  friend class Json;
  friend class JsonIterator<true>;
  using Member = Json::object_t::const_iterator;

  JsonIterator(const Json* of, Member member, size_t index)
      : of_(of), member_(member), index_(index) {}
  void step(int by) {
    if (!of_->is_object()) {
      index_ += by;
    } else if (by > 0) {
      ++member_;
    } else {
      --member_;
    }
  }

  const Json* of_ = nullptr;
  Member member_;
  size_t index_ = 0;
};

/// What Json::items() gives, for a range-based for.
template <bool kConst>
class JsonItems {
 public:
  using Value = typename JsonIterator<kConst>::Value;

  /// The item itself, and the way to the next.
  class Item {
   public:
    explicit Item(JsonIterator<kConst> at, bool named) : at_(at), named_(named) { name(); }
    const std::string& key() const { return named_ ? at_.key() : name_; }
    Value& value() const { return *at_; }
    const Item& operator*() const { return *this; }
    Item& operator++() {
      ++at_;
      ++index_;
      name();
      return *this;
    }
    bool operator==(const Item& other) const { return at_ == other.at_; }
    template <size_t kAt>
    decltype(auto) get() const {
      if constexpr (kAt == 0) {
        return key();
      } else {
        return value();
      }
    }

   private:
    void name() {
      if (!named_) name_ = std::to_string(index_);
    }

    JsonIterator<kConst> at_;
    bool named_;
    size_t index_ = 0;
    std::string name_;
  };

  JsonItems(JsonIterator<kConst> begin, JsonIterator<kConst> end, bool named)
      : begin_(begin), end_(end), named_(named) {}
  Item begin() const { return Item(begin_, named_); }
  Item end() const { return Item(end_, named_); }

 private:
  JsonIterator<kConst> begin_;
  JsonIterator<kConst> end_;
  bool named_;
};

inline JsonItems<false> Json::items() { return {begin(), end(), is_object()}; }
inline JsonItems<true> Json::items() const { return {begin(), end(), is_object()}; }

}  // namespace tollgate

namespace std {
template <>
struct hash<tollgate::Json> {
  size_t operator()(const tollgate::Json& value) const noexcept { return value.hash(); }
};

/// For `auto& [name, value] : json.items()`. An item is a class inside a template, so that the
/// specializations are for both of them by name.
template <>
struct tuple_size<tollgate::JsonItems<false>::Item> : integral_constant<size_t, 2> {};
template <>
struct tuple_size<tollgate::JsonItems<true>::Item> : integral_constant<size_t, 2> {};
template <size_t kAt>
struct tuple_element<kAt, tollgate::JsonItems<false>::Item> {
  using type = decltype(declval<const tollgate::JsonItems<false>::Item&>().template get<kAt>());
};
template <size_t kAt>
struct tuple_element<kAt, tollgate::JsonItems<true>::Item> {
  using type = decltype(declval<const tollgate::JsonItems<true>::Item&>().template get<kAt>());
};
}  // namespace std
