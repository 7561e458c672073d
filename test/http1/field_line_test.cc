#include "source/http1/field_line.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>

namespace tollgate::http1 {
namespace {

/// Bytes of a heap block of their own size, so that sanitizers see what is read around them.
struct Exact {
  explicit Exact(const std::string& text) : bytes(new char[text.size()]), size(text.size()) {
    text.copy(bytes.get(), size);
  }
  const char* begin() const { return bytes.get(); }
  const char* end() const { return bytes.get() + size; }
  std::unique_ptr<char[]> bytes;
  size_t size;
};

#if defined(__SSSE3__)  // else there is no other way than the thorough one

constexpr std::string_view kBefore = "GET / HTTP/1.1\r\n";

TEST(FieldLine, UsualOnesAreTakenWhateverTheirLengths) {
  for (size_t name = 1; name < 40; ++name) {
    for (size_t value = 1; value < 40; ++value) {
      const std::string line = std::string(name, 'n') + ": " + std::string(value, 'v') + "\r\n";
      for (const char* rest : {"", "\r\n", "Next: field of some length\r\n\r\n"}) {
        const Exact head(std::string(kBefore) + line + rest);
        FieldLine taken;
        ASSERT_TRUE(takeUsualLine(head.begin(), head.begin() + kBefore.size(), head.end(), taken));
        ASSERT_EQ(taken.name, std::string(name, 'n'));
        ASSERT_EQ(taken.value, std::string(value, 'v'));
        ASSERT_EQ(taken.next, head.begin() + kBefore.size() + line.size());
        ASSERT_TRUE(taken.line);
      }
    }
  }
}

TEST(FieldLine, BothWaysAgreeOnEverything) {
  constexpr std::string_view kBytes = "aB-:: \t\r\r\n\n\x7f\x80\x01";
  std::mt19937 random(7);
  size_t usual = 0;
  for (int i = 0; i < 200000; ++i) {
    std::string line(kBefore.substr(0, random() % (kBefore.size() + 1)));
    const size_t begin = line.size(), length = random() % 40;
    for (size_t k = 0; k < length; ++k) {
      line += random() % 3 != 0 ? 'x' : kBytes[random() % kBytes.size()];
      if (k == length / 3 && random() % 2 == 0) line += ": ";
    }
    if (random() % 4 != 0) line += "\r\n";
    const Exact head(line);
    FieldLine fast, thorough;
    if (!takeUsualLine(head.begin(), head.begin() + begin, head.end(), fast)) continue;
    ++usual;
    ASSERT_FALSE(takeLine(head.begin() + begin, head.end(), thorough)) << line;
    ASSERT_EQ(fast.name, thorough.name);
    ASSERT_EQ(fast.value, thorough.value);
    ASSERT_EQ(fast.next, thorough.next);
    ASSERT_EQ(fast.line, thorough.line);
  }
  EXPECT_GT(usual, 1000u);
}

#endif

}  // namespace
}  // namespace tollgate::http1
