// Templates and what they are rendered from: neither crashes, and what is rendered stays bounded.
// The first line is the template; what follows is what its variables hold.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "source/templates/template.h"

namespace {

using namespace tollgate::templates;

class Everything final : public Variables {
 public:
  explicit Everything(std::string_view content) : content_(content) {}
  Value member(Table table, std::string_view name) override {
    if (table == Table::kShared) return Value::nil();
    if (table == Table::kQuery && name.size() % 2 == 0) return Value::of(true);
    if (table == Table::kHeaders && name.size() % 2 == 0) {
      return Value::of(std::span<const std::string_view>(&content_, 1));
    }
    return Value::of(content_);
  }

 private:
  std::string_view content_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t line = input.find('\n');
  const Template made(input.substr(0, line));
  Everything variables(line == std::string_view::npos ? std::string_view()
                                                      : input.substr(line + 1));
  tollgate::Arena arena;
  const auto rendered = made.render(variables, arena);
  if (rendered && rendered->size() > Template::kMostBytes) std::abort();
  if (rendered && made.problem().kind != Problem::Kind::kNone) std::abort();
  return 0;
}
