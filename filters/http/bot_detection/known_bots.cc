#include "filters/http/bot_detection/known_bots.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "source/base/ascii.h"

/// Names as they stand in User-Agent fields, in the classes of the public list of
/// ua-parser/uap-core (its section on bots). They are looked for as they are written, in any place.
namespace tollgate::filters::bot_detection {
namespace {

/// What has to stand around a name.
enum class Around : uint8_t {
  kAnything,
  kAtStart,      ///< It begins the text.
  kWordStart,    ///< No letter, digit or "_" before it.
  kWordEnd,      ///< None behind it.
  kNumber,       ///< "/" and a digit behind it.
  kTwoNumbers,   ///< Digits, ".", and a digit behind it.
  kAtEnd,        ///< Digits behind it, then nothing more.
  kTool,         ///< A word, and "/" with a digit behind it.
  kVersion,      ///< "/" or " " and a digit behind it, or "-" where "/" and letters stand before.
  kPathPart,     ///< "/" before it, " " or "-" and a digit behind it.
  kAfterGoogle,  ///< "Google" somewhere before it.
};

struct Name {
  std::string_view text;
  Around around = Around::kAnything;
};

constexpr std::string_view kAnywhere[] = {
    // HTTP libraries.
    "Google-HTTP-Java-Client", "Apache-HttpClient", "Go-http-client", "scalaj-http",
    "http%20client", "Python-urllib", "HttpMonitor", "TLSProber", "WinHTTP", "JNLP", "okhttp",
    "aihttp", "reqwest", "axios", "unirest-java", "unirest-python", "unirest-ruby",
    "unirest-nodejs", "unirest-php", "unirest-net",
    // Crawlers, feed readers, link checkers and monitors.
    "50.nu", "Aboundex", "Accoona-", "AdsBot-Google", "AltaVista", "altavista", "AppEngine-Google",
    ".org_bot", "archiver", "Ask Jeeves", "BaiDuSpider", "Baiduspider", "baiduspider", "bingbot",
    "BingPreview", "blitzbot", "BlogBridge", "boitho.com-dc", "BotSeer", "BUbiNG", "Catchpoint",
    "Charlotte", "Checklinks", "clumboot", "CRAWL-E", "Daumoa", "favicon", "Feed Seeker Bot",
    "Feedbin", "FeedBurner", "findlinks", "Flamingo_SearchEngine", "FollowSite Bot", "furlbot",
    "Genieo", "gigabot", "GomezAgent", "gonzo1", "Googlebot", "Google SketchUp", "grub-client",
    "heritrix", "HiddenMarket", "holmes", "HooWWWer", "htdig", "ia_archiver", "Icarus6j", "ichiro",
    "IconSurf", "IlTrovatore", "InfuzApp", "InternetArchive", "KaloogaBot", "Kraken", "Kurzor",
    "larbin", "LEIA", "LesnikBot", "Linguee Bot", "LinkAider", "LinkedInBot", "Lite Bot", "Llaut",
    "lycos", "Mail.RU_Bot", "masscan", "masidani_bot", "Mediapartners-Google", "mogimogi", "mozDex",
    "MJ12bot", "msnbot", "msrbot", "Mtps Feed Aggregation System", "netresearch", "Netvibes",
    "NewsGator", "Nymesis", "ObjectsSearch", "OgScrper", "Orbiter", "OOZBOT", "PagePeeker",
    "PagesInventory", "PaxleFramework", "Peeplo Screenshot Bot", "PlantyNet_WebRobot", "Pompos",
    "Qwantify", "Read%20Later", "Reaper", "RedCarpet", "Retreiver", "Riddler", "Rival IQ",
    "scooter", "Scrapy", "Scrubby", "searchsight", "seekbot", "semanticdiscovery", "SemrushBot",
    "Simpy", "SimplePie", "SEOstats", "SimpleRSS", "SiteCon", "Slackbot-LinkExpanding",
    "Slack-ImgProxy", "Slurp", "snappy", "Squrl Java", "Stringer", "TheUsefulbot", "ThumbShotsBot",
    "Thumbshots.ru", "Tiny Tiny RSS", "Twitterbot", "TwitterFeed", "URL2PNG", "Vagabondo",
    "VoilaBot", "Votay bot", "WASALive.Bot", "Web-sniffer", "WebThumb", "WeSEE:", "WhatsApp",
    "WhatWeb", "WIRE", "WordPress", "Wotbox", "www.almaden.ibm.com", "Xenu Link Sleuth",
    "Xenu's Link Sleuth", "yacybot", "yacy", "YahooSeeker", "YahooCacheSystem", "Yahoo! Slurp",
    "YodaoBot", "YottaaMonitor", "Yowedo", "ZeBot_www.ze.bz", "ZooShot", "ZyBorg",
    // Whatever says what it does.
    "Scrape", "scrape"};

constexpr Name kOthers[] = {
    {"Pingdom.com_bot_version_", Around::kTwoNumbers},
    {"facebookexternalhit/", Around::kTwoNumbers},
    {"/+/web/snippet", Around::kAfterGoogle},
    {" PTST/", Around::kAtEnd},
    {"NING", Around::kAtStart},
    {"vortex", Around::kAtStart},
    {"voyager", Around::kAtStart},
    {"Zao", Around::kAtStart},
    {"Yeti", Around::kWordStart},
    {"jbot", Around::kWordEnd},
    {"Boto", Around::kTool},
    {"Boto3", Around::kTool},
    {"JetS3t", Around::kTool},
    {"aws-cli", Around::kTool},
    {"aws-sdk-cpp", Around::kTool},
    {"aws-sdk-go", Around::kTool},
    {"aws-sdk-java", Around::kTool},
    {"aws-sdk-nodejs", Around::kTool},
    {"aws-sdk-ruby", Around::kTool},
    {"aws-sdk-ruby2", Around::kTool},
    {"aws-sdk-ruby3", Around::kTool},
    {"aws-sdk-dotnet-coreclr", Around::kTool},
    {"aws-sdk-dotnet-core", Around::kTool},
    {"aws-sdk-dotnet-45", Around::kTool},
    {"aws-sdk-dotnet-35", Around::kTool},
    {"s3fs", Around::kTool},
    {"008", Around::kNumber},
    {"Altresium", Around::kNumber},
    {"Argus", Around::kNumber},
    {"BaiduMobaider", Around::kNumber},
    {"BoardReader", Around::kNumber},
    {"DNSGroup", Around::kNumber},
    {"DataparkSearch", Around::kNumber},
    {"EDI", Around::kNumber},
    {"Goodzer", Around::kNumber},
    {"Grub", Around::kNumber},
    {"INGRID", Around::kNumber},
    {"Infohelfer", Around::kNumber},
    {"LOOQ", Around::kNumber},
    {"Nutch", Around::kNumber},
    {"PathDefender", Around::kNumber},
    {"Peew", Around::kNumber},
    {"PostPost", Around::kNumber},
    {"Steeler", Around::kNumber},
    {"VSE", Around::kNumber},
    {"WebCrunch", Around::kNumber},
    {"WebZIP", Around::kNumber},
    {"Y!J-BRI", Around::kNumber},
    {"Y!J-BRJ", Around::kNumber},
    {"Y!J-BRO", Around::kNumber},
    {"Y!J-BRW", Around::kNumber},
    {"envolk", Around::kNumber},
    {"sproose", Around::kNumber},
    {"wminer", Around::kNumber},
    {"Nutch", Around::kPathPart},
    {"Axtaris", Around::kPathPart},
    {"fetchurl", Around::kPathPart},
    {"Isara", Around::kPathPart},
    {"ShopSalad", Around::kPathPart},
    {"Tailsweep", Around::kPathPart},
    {"Archiver", Around::kVersion},
    {"Indexer", Around::kVersion},
    {"indexer", Around::kVersion},
    {"Bot", Around::kVersion},
    {"bot", Around::kVersion},
};

bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool isWordChar(char c) { return isLetter(c) || isDigit(c) || c == '_'; }
bool digitAt(std::string_view text, size_t at) { return at < text.size() && isDigit(text[at]); }
bool oneOfAt(std::string_view text, size_t at, std::string_view set) {
  return at < text.size() && set.find(text[at]) != std::string_view::npos;
}
size_t afterDigits(std::string_view text, size_t at) {
  while (digitAt(text, at)) ++at;
  return at;
}

/// Whether nothing but letters stands between the "/" before it and `end`.
bool lettersAfterSlash(std::string_view text, size_t end) {
  while (end > 0 && isLetter(text[end - 1])) --end;
  return end > 0 && text[end - 1] == '/';
}

bool fits(Around around, std::string_view text, size_t begin, size_t end) {
  switch (around) {
    case Around::kAnything:
      return true;
    case Around::kAtStart:
      return begin == 0;
    case Around::kWordStart:
      return begin == 0 || !isWordChar(text[begin - 1]);
    case Around::kWordEnd:
      return end == text.size() || !isWordChar(text[end]);
    case Around::kNumber:
      return oneOfAt(text, end, "/") && digitAt(text, end + 1);
    case Around::kTwoNumbers: {
      const size_t point = afterDigits(text, end);
      return point > end && oneOfAt(text, point, ".") && digitAt(text, point + 1);
    }
    case Around::kAtEnd:
      return digitAt(text, end) && afterDigits(text, end) == text.size();
    case Around::kTool:
      return fits(Around::kWordStart, text, begin, end) && fits(Around::kNumber, text, begin, end);
    case Around::kVersion:
      return digitAt(text, end + 1) &&
             (oneOfAt(text, end, "/ ") ||
              (oneOfAt(text, end, "-") && lettersAfterSlash(text, begin)));
    case Around::kPathPart:
      return digitAt(text, end + 1) && oneOfAt(text, end, " -") && begin > 0 &&
             (text[begin - 1] == '/' || text.substr(0, begin).ends_with("/Ant-"));
    case Around::kAfterGoogle:
      return text.substr(0, begin).find("Google") != std::string_view::npos;
  }
  return false;
}

/// The names by their first two bytes: at most places of a text no name can begin.
class NameTable {
 public:
  NameTable() {
    for (std::string_view text : kAnywhere) names_.push_back({text, Around::kAnything});
    names_.insert(names_.end(), std::begin(kOthers), std::end(kOthers));
    std::stable_sort(names_.begin(), names_.end(),
                     [](const Name& a, const Name& b) { return pairOf(a.text) < pairOf(b.text); });
    for (size_t i = 0; i < names_.size(); ++i) {
      const uint16_t pair = pairOf(names_[i].text);
      if (first_[pair] == 0) first_[pair] = static_cast<uint16_t>(i + 1);
    }
  }

  bool findAt(std::string_view text, size_t at) const {
    const uint16_t pair = pairOf(text.substr(at));
    size_t place = first_[pair];
    if (place == 0) return false;
    for (--place; place < names_.size() && pairOf(names_[place].text) == pair; ++place) {
      const Name& name = names_[place];
      if (text.substr(at).starts_with(name.text) &&
          fits(name.around, text, at, at + name.text.size())) {
        return true;
      }
    }
    return false;
  }

 private:
  static uint16_t pairOf(std::string_view text) {
    return static_cast<uint16_t>(static_cast<unsigned char>(text[0]) << 8 |
                                 static_cast<unsigned char>(text[1]));
  }
  std::vector<Name> names_;
  std::array<uint16_t, 65536> first_{};  ///< One more than the place of a pair's first name.
};

bool crawlsAt(std::string_view text, size_t at) {
  const char lower = lowerByte(text[at]);
  if (lower == 's') return equalsIgnoreCase(text.substr(at, 6), "spider");
  return lower == 'c' && equalsIgnoreCase(text.substr(at, 5), "crawl");
}

}  // namespace

bool isKnownBot(std::string_view userAgent) {
  static const auto& names = *new NameTable;
  for (size_t at = 0; at + 1 < userAgent.size(); ++at) {
    if (names.findAt(userAgent, at) || crawlsAt(userAgent, at)) return true;
  }
  return false;
}

}  // namespace tollgate::filters::bot_detection
