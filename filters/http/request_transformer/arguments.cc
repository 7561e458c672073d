#include "filters/http/request_transformer/arguments.h"

#include <algorithm>

namespace tollgate::filters::request_transformer {
namespace {

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) {
    if (text.empty()) continue;
    if (!out.empty()) out += '&';
    out += text;
  }
  return out;
}

}  // namespace

Arguments::Arguments(std::string_view text) {
  forEachArgument(text, [&](std::string_view name, const std::string_view* value) {
    Entry& entry = place(decodedPercent(name, Plus::kSpace));
    if (value == nullptr) {
      entry.values.emplace_back();
    } else {
      entry.values.emplace_back(decodedPercent(*value, Plus::kSpace));
    }
  });
}

Arguments::Entry* Arguments::find(std::string_view name) {
  auto found = places_.find(name);
  return found == places_.end() ? nullptr : &entries_[found->second];
}

Arguments::Entry& Arguments::place(std::string_view name) {
  Entry* found = find(name);
  if (found != nullptr) return *found;
  places_.emplace(name, entries_.size());
  return entries_.emplace_back(Entry{std::string(name), {}});
}

bool Arguments::has(std::string_view name) const {
  return const_cast<Arguments*>(this)->find(name) != nullptr;
}

void Arguments::remove(std::string_view name) {
  auto found = places_.find(name);
  if (found == places_.end()) return;
  const size_t at = found->second;
  entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(at));
  places_.erase(found);
  for (auto& [other, place] : places_) place -= place > at ? 1 : 0;
}

void Arguments::rename(std::string_view from, std::string_view to) {
  Entry* entry = find(from);
  if (entry == nullptr || from == to) return;
  Values values = std::move(entry->values);
  remove(from);
  place(to).values = std::move(values);
}

void Arguments::set(std::string_view name, std::string value) {
  Values& values = place(name).values;
  values.clear();
  values.emplace_back(std::move(value));
}

void Arguments::append(std::string_view name, std::string value) {
  Values& values = place(name).values;
  if (values.size() == 1 && !values[0]) values.clear();
  values.emplace_back(std::move(value));
}

void Arguments::join(const Arguments& others) {
  for (const Entry& entry : others.entries_) {
    Values& values = place(entry.name).values;
    values.insert(values.end(), entry.values.begin(), entry.values.end());
  }
}

std::string Arguments::Entry::text() const {
  std::string out;
  for (const auto& value : values) {
    if (!out.empty()) out += '&';
    encodePercent(name, isUnreserved, out);
    if (!value) continue;
    out += '=';
    encodePercent(*value, isUnreserved, out);
  }
  return out;
}

std::string Arguments::sorted() const {
  std::vector<std::string> texts;
  for (const Entry& entry : entries_) texts.push_back(entry.text());
  std::sort(texts.begin(), texts.end());
  return joined(texts);
}

std::string Arguments::inOrder() const {
  std::vector<std::string> texts;
  for (const Entry& entry : entries_) texts.push_back(entry.text());
  return joined(texts);
}

}  // namespace tollgate::filters::request_transformer
