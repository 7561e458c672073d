// Bodies that request-transformer changes: a body that is removed from holds the name no more, and
// one that is added to does. The first byte chooses the type.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "filters/http/request_transformer/body_steps.h"

namespace {

using namespace tollgate::filters::request_transformer;

class Nothing final : public tollgate::templates::Variables {
 public:
  tollgate::templates::Value member(tollgate::templates::Table, std::string_view) override {
    return {};
  }
};

std::optional<std::string> changed(const Steps& steps, std::string_view type,
                                   const std::string& body) {
  Nothing nothing;
  tollgate::Arena arena;
  Rendering render(nothing, arena);
  return transformBody(steps, bodyTypeOf(type), type, body, render);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  constexpr const char* kTypes[] = {"multipart/form-data; boundary=b",
                                    "application/x-www-form-urlencoded", "application/json"};
  const char* type = kTypes[data[0] % 3];
  const std::string body(reinterpret_cast<const char*>(data + 1), size - 1);
  Steps remove;
  remove.remove = {"f"};
  Steps add;
  add.add.push_back({"f", tollgate::templates::Template("1")});
  const auto without = changed(remove, type, body);
  if (without && changed(remove, type, *without)) std::abort();
  const auto with = changed(add, type, without.value_or(body));
  if (with && changed(add, type, *with)) std::abort();
  if (with && !changed(remove, type, *with)) std::abort();
  Steps all;
  all.rename = {{"f", "g"}, {"g", "f"}};
  all.replace.push_back({"f", tollgate::templates::Template("2")});
  all.append.push_back({"g", tollgate::templates::Template("3")});
  changed(all, type, body);
  return 0;
}
