#include "source/route/compiled_route.h"

#include <algorithm>

#include "source/base/host_port.h"

namespace tollgate::route {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

bool equalsLowered(std::string_view value, std::string_view lowerCase) {
  return value.size() == lowerCase.size() &&
         std::equal(value.begin(), value.end(), lowerCase.begin(),
                    [](char a, char b) { return lower(a) == b; });
}

HostRule parseHost(std::string_view text) {
  HostRule rule;
  const HostPort split = HostPort::split(text);
  rule.port = split.number();
  text = split.host;
  if (text.size() > 1 && text.ends_with('.')) text.remove_suffix(1);
  if (text.substr(0, 2) == "*.") {
    rule.kind = HostRule::Kind::kSuffix;
    text.remove_prefix(1);
  } else if (text.size() >= 2 && text.substr(text.size() - 2) == ".*") {
    rule.kind = HostRule::Kind::kPrefix;
    text.remove_suffix(1);
  }
  rule.name = lowered(text);
  return rule;
}

/// The priority that all sub-routes of a route share: see routing.md of the documentation.
uint64_t basePriority(const RouteSpec& route) {
  uint64_t kinds = !route.methods.empty() + !route.hosts.empty() + !route.headers.empty() +
                   !route.snis.empty() + !route.paths.empty();
  bool plain = !route.hosts.empty();
  for (const std::string& host : route.hosts) plain = plain && host.find('*') == host.npos;
  uint64_t headers = std::min<size_t>(route.headers.size(), 255);
  return kinds << 61 | uint64_t{plain} << 60 | headers << 52;
}

bool sniHolds(const Conditions& want, std::string_view sni) {
  for (const std::string& wanted : want.snis) {
    std::string_view text = wanted;
    if (text.front() == '*') {
      text.remove_prefix(1);
      if (sni.size() > text.size() && equalsLowered(sni.substr(sni.size() - text.size()), text)) {
        return true;
      }
    } else if (text.back() == '*') {
      text.remove_suffix(1);
      if (sni.size() > text.size() && equalsLowered(sni.substr(0, text.size()), text)) return true;
    } else if (equalsLowered(sni, text)) {
      return true;
    }
  }
  return false;
}

bool headerHolds(const HeaderRule& rule, const HeaderLookup* headers) {
  struct Visitor final : HeaderVisitor {
    explicit Visitor(const HeaderRule& rule) : rule(rule) {}
    void onValue(std::string_view value) override {
      for (const std::string& wanted : rule.values) holds = holds || equalsLowered(value, wanted);
      for (const auto& regex : rule.regexes) {
        holds = holds || regex->find(lowered(value));
      }
    }
    const HeaderRule& rule;
    bool holds = false;
  } visitor(rule);
  if (headers != nullptr) headers->visit(rule.name, visitor);
  return visitor.holds;
}

bool hostHolds(const HostRule& rule, std::string_view host, uint16_t port) {
  if (rule.port != 0 && rule.port != port) return false;
  size_t size = rule.name.size();
  switch (rule.kind) {
    case HostRule::Kind::kPlain:
      return host == rule.name;
    case HostRule::Kind::kSuffix:
      return host.size() >= size && host.substr(host.size() - size) == rule.name;
    case HostRule::Kind::kPrefix:
      return host.substr(0, size) == rule.name;
  }
  return false;
}

}  // namespace

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

std::string literalPrefix(std::string_view regex) {
  constexpr std::string_view kSpecial = "\\.[](){}*+?|^$";
  constexpr std::string_view kEscaped =
      "\\.[](){}*+?|^$/-";  // stand for themselves after a backslash
  constexpr std::string_view kRepeats = "*+?{";
  std::string out;
  if (!regex.empty() && regex.front() == '^') regex.remove_prefix(1);  // says nothing new
  int depth = 0;
  bool inClass = false;
  for (size_t i = 0; i < regex.size(); ++i) {  // an alternative beside it makes the text one of two
    if (regex[i] == '\\') {
      if (i + 1 < regex.size() && regex[i + 1] == 'Q') return {};
      ++i;
    } else if (inClass) {
      inClass = regex[i] != ']';
    } else if (regex[i] == '[') {
      inClass = true;
    } else if (regex[i] == '(') {
      ++depth;
    } else if (regex[i] == ')') {
      --depth;
    } else if (regex[i] == '|' && depth <= 0) {
      return {};
    }
  }
  for (size_t i = 0; i < regex.size();) {
    char c = regex[i];
    size_t length = 1;
    if (c == '\\' && i + 1 < regex.size() && kEscaped.find(regex[i + 1]) != kEscaped.npos) {
      c = regex[i + 1];
      length = 2;
    } else if (kSpecial.find(c) != kSpecial.npos || static_cast<unsigned char>(c) >= 0x80) {
      break;
    }
    if (i + length < regex.size() && kRepeats.find(regex[i + length]) != kRepeats.npos) break;
    out += c;
    i += length;
  }
  return out;
}

bool isOpenRegex(std::string_view regex) { return literalPrefix(regex).size() <= 1; }

CompiledRoute::CompiledRoute(RouteSpec spec, std::vector<Error>* problems)
    : id(std::move(spec.id)), payload(spec.payload), owner(std::move(spec.owner)) {
  auto report = [&](const std::string& what) {
    if (problems != nullptr) problems->push_back(Error::invalid(what, "route " + id));
  };
  for (const std::string& host : spec.hosts) hosts.push_back(parseHost(host));
  uint64_t base = basePriority(spec);
  if (compileConditions(spec, report)) compilePaths(spec, base, report);
  paths.shrink_to_fit();
}

bool CompiledRoute::compileConditions(RouteSpec& spec, const Report& report) {
  auto wanted = std::make_unique<Conditions>();
  wanted->hostPort =
      std::any_of(hosts.begin(), hosts.end(), [](const HostRule& host) { return host.port != 0; });
  for (std::string& sni : spec.snis) {
    if (sni.size() > 1 && sni.back() == '.') sni.pop_back();
    wanted->snis.push_back(lowered(sni));
  }
  for (const auto& [name, values] : spec.headers) {
    HeaderRule& rule = wanted->headers.emplace_back();
    rule.name = name;
    for (const std::string& value : values) {
      if (value.substr(0, 2) != "~*") {
        rule.values.push_back(lowered(value));
        continue;
      }
      auto regex = Regex::compile(lowered(value.substr(2)));
      if (regex == nullptr) {
        report("the regex of header '" + name + "' does not compile");
        return false;
      }
      rule.regexes.push_back(std::move(regex));
    }
  }
  wanted->methods = std::move(spec.methods);
  if (wanted->hostPort || !wanted->methods.empty() || !wanted->headers.empty() ||
      !wanted->snis.empty()) {
    conditions = std::move(wanted);
  }
  return true;
}

void CompiledRoute::compilePaths(RouteSpec& spec, uint64_t base, const Report& report) {
  if (spec.paths.empty()) paths.push_back({PathRule::Kind::kNone, base, {}, nullptr});
  for (std::string& path : spec.paths) {
    if (path.empty() || path.front() != '~') {
      uint64_t length = std::min<uint64_t>(path.size(), (1 << 19) - 1);
      paths.push_back({PathRule::Kind::kPrefix, base | length, std::move(path), nullptr});
      continue;
    }
    auto regex = Regex::compile(std::string_view(path).substr(1));
    if (regex == nullptr) {
      report("the regex '" + path + "' does not compile");
      continue;
    }
    uint64_t priority =
        base | uint64_t{1} << 51 | (static_cast<uint64_t>(spec.regexPriority) & 0xffffffff) << 19;
    std::string begins = literalPrefix(std::string_view(path).substr(1));
    paths.push_back({PathRule::Kind::kRegex, priority, std::move(begins), std::move(regex)});
  }
}

bool CompiledRoute::conditionsHold(const MatchInput& input, std::string_view host,
                                   uint16_t port) const {
  const Conditions& want = *conditions;
  if (!want.methods.empty() &&
      std::find(want.methods.begin(), want.methods.end(), input.method) == want.methods.end()) {
    return false;
  }
  if (want.hostPort && std::none_of(hosts.begin(), hosts.end(), [&](const HostRule& rule) {
        return hostHolds(rule, host, port);
      })) {
    return false;
  }
  if (!want.snis.empty() && input.tls && !sniHolds(want, input.sni)) return false;
  return std::all_of(want.headers.begin(), want.headers.end(),
                     [&](const HeaderRule& rule) { return headerHolds(rule, input.headers); });
}

}  // namespace tollgate::route
