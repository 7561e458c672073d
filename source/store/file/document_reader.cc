#include "source/store/file/document_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "source/store/file/assembler.h"
#include "source/store/file/json_reader.h"
#include "source/store/file/plain_yaml_reader.h"
#include "source/store/file/yaml_reader.h"

namespace tollgate::store {
namespace {

uint64_t hashOf(const Path& path) {
  uint64_t out = Places::kRoot;
  for (const PathStep& one : path) {
    const auto* name = std::get_if<std::string>(&one);
    out = name != nullptr ? Places::step(out, *name) : Places::step(out, std::get<size_t>(one));
  }
  return out;
}

}  // namespace

uint64_t Places::step(uint64_t path, std::string_view name) {
  uint64_t hash = path;
  for (char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash * 0xff51afd7ed558ccd + 1;
}

uint64_t Places::step(uint64_t path, size_t index) {
  return (path ^ (index + 0x51ed27)) * 0xc4ceb9fe1a85ec53 + 2;
}

Place Places::find(const Path& path) const {
  std::vector<uint64_t> hashes{kRoot};
  for (const PathStep& one : path) {
    const auto* name = std::get_if<std::string>(&one);
    hashes.push_back(name != nullptr ? step(hashes.back(), *name)
                                     : step(hashes.back(), std::get<size_t>(one)));
  }
  for (auto hash = hashes.rbegin(); hash != hashes.rend(); ++hash) {
    for (const Entry& entry : entries_) {
      if (entry.path == *hash) return entry.place;
    }
  }
  return {};
}

TextSource TextSource::file(const std::string& path) {
  TextSource out;
  out.name = path;
  out.open = [path]() -> Result<std::unique_ptr<std::istream>> {
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) {
      return Error::unavailable(path + " is a folder; name a file");
    }
    auto in = std::make_unique<std::ifstream>(path, std::ios::binary);
    if (!*in) return Error::unavailable("cannot read " + path + ": " + std::strerror(errno));
    return std::unique_ptr<std::istream>(std::move(in));
  };
  return out;
}

TextSource TextSource::text(std::string name, std::string_view text) {
  TextSource out;
  out.name = std::move(name);
  out.open = [text]() -> Result<std::unique_ptr<std::istream>> {
    return std::unique_ptr<std::istream>(std::make_unique<std::istringstream>(std::string(text)));
  };
  return out;
}

bool Places::isLoose(const Path& path) const {
  return !loose_.empty() && std::find(loose_.begin(), loose_.end(), hashOf(path)) != loose_.end();
}

Result<bool> readDocument(std::istream& in, DocumentSink& sink, TextForm form) {
  try {
    if (form == TextForm::kJson) {
      readJsonDocument(in, sink);
    } else if (form == TextForm::kPlainYaml) {
      readPlainYamlDocument(in, sink);
    } else {
      readYamlDocument(in, sink);
    }
  } catch (const NotPlainYaml&) {
    return false;
  } catch (const Broken& broken) {
    if (form == TextForm::kJson) return false;
    return Error::invalid(broken.text,
                          fmt::format("{}:{}", broken.place.line, broken.place.column));
  } catch (const std::exception& error) {
    return Error::invalid(error.what());
  }
  if (in.bad()) return Error::unavailable("cannot read on");
  return true;
}

}  // namespace tollgate::store
