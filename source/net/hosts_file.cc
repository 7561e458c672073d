#include "source/net/hosts_file.h"

#include <fstream>
#include <sstream>

namespace tollgate::net {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 32) : c;
  return out;
}

}  // namespace

HostsFile HostsFile::read(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return parse(text.str());
}

HostsFile HostsFile::parse(std::string_view text) {
  HostsFile out;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string ip, name;
    words >> ip;
    auto address = Address::parse(ip, 0);
    if (!address) continue;
    while (words >> name) out.names_[lower(name)].push_back(*address);
  }
  return out;
}

const std::vector<Address>& HostsFile::find(std::string_view name) const {
  static const std::vector<Address> kNone;
  auto found = names_.find(lower(name));
  return found == names_.end() ? kNone : found->second;
}

}  // namespace tollgate::net
