#include "source/store/file/yaml_reader.h"

#include <string>
#include <utility>

#include "source/store/file/yaml_events.h"

namespace tollgate::store {
namespace {

/// What the parser's complaint usually comes from; "" where the complaint itself says it.
std::string usualCause(const std::string& complaint) {
  static constexpr std::pair<const char*, const char*> kCauses[] = {
      {"illegal map value",
       "a value with ': ' in it needs quotes; or this line is not indented like its neighbours"},
      {"illegal map key", "this line is not indented like its neighbours, or a quote is missing"},
      {"illegal block entry", "'- ' begins an element on a line of its own"},
      {"end of map not found", "this line is indented less or more than the record that it is in"},
      {"end of sequence not found", "this line is indented less or more than the list it is in"},
      {"end of map flow not found",
       "a '}' or a ',' is missing, or a value needs quotes; '{{ … }}' looks like a placeholder, "
       "and "
       "nothing is replaced here"},
      {"end of sequence flow not found", "a ']' or a ',' is missing, or a value needs quotes"},
      {"illegal tab when looking for indentation", "indent with spaces; YAML allows no tabs"},
      {"illegal EOF in scalar", "a closing quote is missing"},
      {"illegal document indicator in scalar", "a closing quote is missing"},
      {"unknown escape character",
       "in double quotes a backslash begins an escape; use single quotes, or two backslashes"},
      {"unknown token", "a value that begins with @, `, %, & or * needs quotes"},
      {"alias not found after *", "a value that begins with * needs quotes"},
      {"anchor not found after &", "a value that begins with & needs quotes"},
      {"the referenced anchor is not defined", "a value that begins with * needs quotes"},
  };
  for (const auto& [text, cause] : kCauses) {
    if (complaint.starts_with(text)) return cause;
  }
  return "";
}

}  // namespace

void readYamlDocument(std::istream& in, DocumentSink& sink) {
  try {
    YamlEvents events(sink);
    YAML::Parser parser(in);
    parser.HandleNextDocument(events);
    if (!events.any()) sink.notARecord(nullptr);
    while (parser.HandleNextDocument(events)) {
    }
  } catch (const YAML::Exception& error) {
    std::string cause = usualCause(error.msg);
    throw Broken{cause.empty() ? error.msg : error.msg + " (" + cause + ")", placeOf(error.mark)};
  }
}

}  // namespace tollgate::store
