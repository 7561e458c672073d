#include "filters/http/request_transformer/steps.h"

#include <algorithm>

#include "filters/http/request_transformer/arguments.h"

namespace tollgate::filters::request_transformer {

bool Steps::usesHeaders() const {
  auto any = [](const std::vector<Change>& changes) {
    return std::any_of(changes.begin(), changes.end(), [](const Change& change) {
      return change.value.uses(templates::Table::kHeaders);
    });
  };
  return any(replace) || any(add) || any(append);
}

bool transform(const Steps& steps, Arguments& arguments, Rendering& render) {
  bool changed = false;
  for (const std::string& name : steps.remove) {
    changed = changed || arguments.has(name);
    arguments.remove(name);
  }
  for (const Steps::Rename& step : steps.rename) {
    changed = changed || arguments.has(step.from);
    arguments.rename(step.from, step.to);
  }
  for (const Steps::Change& step : steps.replace) {
    if (!arguments.has(step.name)) continue;
    arguments.set(step.name, std::string(render(step.value)));
    changed = true;
  }
  for (const Steps::Change& step : steps.add) {
    if (arguments.has(step.name)) continue;
    arguments.set(step.name, std::string(render(step.value)));
    changed = true;
  }
  for (const Steps::Change& step : steps.append) {
    arguments.append(step.name, std::string(render(step.value)));
    changed = true;
  }
  return changed && !render.failed();
}

std::string_view Rendering::operator()(const templates::Template& text) {
  if (failed()) return {};
  auto rendered = text.render(variables_, arena_);
  if (rendered) return *rendered;
  fail(text, rendered.error().message);
  return {};
}

void Rendering::fail(const templates::Template& text, std::string_view why) {
  constexpr size_t kMostShown = 200;
  if (failed()) return;
  failure_ = "failed to render the template " + text.text().substr(0, kMostShown) +
             ", error:" + std::string(why);
}

}  // namespace tollgate::filters::request_transformer
