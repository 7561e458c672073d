#include "source/store/file/plain_yaml_reader.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sstream>

#include "source/store/file/document_reader.h"

namespace tollgate::store {
namespace {

/// What a reader hands on, with the place of every value.
struct Told final : DocumentSink {
  void member(const std::string& name, Json value, Place place) override {
    if (value.is_null()) place = {};  // Nothing stands nowhere in particular.
    text += fmt::format("{}@{}:{} {}\n", name, place.line, place.column, value.dump());
  }
  void item(const std::string& name, size_t index, Json value, const Places& places) override {
    text += fmt::format("{}[{}] {}\n", name, index, value.dump());
    tellPlaces(value, {}, places);
  }
  void notARecord(const Json& value) override { text += "no record: " + value.dump() + "\n"; }
  void warning(const std::string& warning, Place) override { text += warning + "\n"; }

  void tellPlaces(const Json& value, const Path& path, const Places& places) {
    if (value.is_null()) return;
    const Place place = places.find(path);
    text += fmt::format(" {}:{}{}", place.line, place.column, places.isLoose(path) ? "~" : "");
    for (size_t i = 0; value.is_array() && i < value.size(); ++i) {
      Path deeper = path;
      deeper.emplace_back(i);
      tellPlaces(value[i], deeper, places);
    }
    if (!value.is_object()) return;
    for (const auto& [name, part] : value.items()) {
      Path deeper = path;
      deeper.emplace_back(name);
      tellPlaces(part, deeper, places);
    }
  }
  std::string text;
};

Result<bool> read(const std::string& text, TextForm form, Told& told) {
  std::istringstream in(text);
  return readDocument(in, told, form);
}

TEST(PlainYamlReader, ReadsWhatItReadsAsTheReaderOfAllYamlDoes) {
  const char* texts[] = {
      "a: 1\n",
      "---\na: 1\n",
      "# c\n\na: b # c\n#d\nb:\n",
      "s:\n- a\n- b c  d\n-\n- null\n- ~\n- 'it''s'\n- \"x\\n\\\\\"\n",
      "s:\n  - a: 1\n    b: [x, 'y', \"z\", 3, true, {k: v}]\n    c: {}\n    d: []\n  - a:\n    "
      "b:\n",
      "s:\n- n: x\n  r:\n  - p: [/a, /b]\n    h: {x-a: [b]}\n    q:\n    - w: 1\n  t: yes\n- n: "
      "y\n",
      "s:\n-\n  n: x\n-   m: y\n    k: z\n-\n- n: w\nt: 0x10\n",
      "s:\n- u: http://127.0.0.1:80/a#b\n  v: a-b_c.d\n  w: -1\n  x: 1.5\n  y: 007\n  z: "
      "~/a/\\d+$\n",
      "s:\n- a: it's \"so\"\n  b: c, d [e] {f}\n  c: \"#\"   # comment\n",
      "s:\r\n- a: 1\r\n  b: x y \r\n",
      "s:\n  a:\n    b: 1\n  c: 2\nt: {a: b}\nu: [a]\n",
      "s:\n- a: 1\n  a: 1\n",
  };
  for (const char* text : texts) {
    Told quick, whole;
    auto done = read(text, TextForm::kPlainYaml, quick);
    ASSERT_TRUE(done.ok() && *done) << text;
    ASSERT_TRUE(read(text, TextForm::kYaml, whole).ok()) << text;
    EXPECT_EQ(quick.text, whole.text) << text;
  }
}

TEST(PlainYamlReader, LeavesTheRestToTheOther) {
  const char* texts[] = {
      "",
      "# only a comment\n",
      "a: |\n  b\n",
      "a: >\n  b\n",
      "a: &x b\n",
      "a: *x\n",
      "a: !!str 1\n",
      "? a\n: b\n",
      "a: b\n  c\n",
      "a: 'b\n  c'\n",
      "a: [b,\n c]\n",
      "a: b: c\n",
      "\ta: 1\n",
      "a:\t1\n",
      "a: \xc3\xa9\n",
      "'a': 1\n",
      "- a\n",
      "{a: 1}\n",
      "a: 1\n---\n",
      "a: 1\n...\n",
      "%YAML 1.1\n---\na: 1\n",
      "a: 1\n b: 2\n",
      "s:\n- - a\n",
      "a: [b c]\n",
      "a: @b\n",
      "a: \"\\x41\"\n",
      "<<: {a: 1}\n",
      "a: {b}\n",
      "a: [b, ]\n",
      "s:\n- a: 1\n b: 2\n",
      "~: 1\n",
      " a: 1\n",
      "a: {{ .x }}\n",
      "s:\n  - a\n - b\n",
  };
  for (const char* text : texts) {
    Told told;
    auto done = read(text, TextForm::kPlainYaml, told);
    EXPECT_TRUE(done.ok() && !*done) << text;
  }
}

TEST(PlainYamlReader, TellsMistakesOfTheDocumentWithTheirPlaces) {
  Told told;
  auto done = read("s:\n- a: 1\n  a: 2\n", TextForm::kPlainYaml, told);
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().place, "3:3");
}

}  // namespace
}  // namespace tollgate::store
