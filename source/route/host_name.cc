#include "source/route/host_name.h"

#include <algorithm>

#include "source/base/ascii.h"
#include "source/base/host_port.h"

namespace tollgate::route {
HostName HostName::of(std::string_view text, Arena& arena) {
  HostName out;
  const HostPort split = HostPort::split(text);
  out.port = split.number();
  text = split.host;
  if (text.size() > 1 && text.ends_with('.')) text.remove_suffix(1);
  out.name = text;
  if (!hasUpperCase(text)) return out;
  char* lower = arena.chars(text.size());
  std::transform(text.begin(), text.end(), lower, lowerByte);
  out.name = {lower, text.size()};
  return out;
}

}  // namespace tollgate::route
