#include <gtest/gtest.h>

#include "filters/http/bot_detection/known_bots.h"

namespace tollgate::filters::bot_detection {
namespace {

TEST(KnownBots, CrawlersMonitorsAndLibrariesAreKnown) {
  for (const char* agent : {"Googlebot/2.1",
                            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://google.com/bot.html)",
                            "Mozilla/5.0 (compatible; bingbot/2.0)",
                            "facebookexternalhit/1.1",
                            "Twitterbot",
                            "Pingdom.com_bot_version_1.4",
                            "Mozilla/5.0 PTST/190",
                            "Google (+/web) /+/web/snippet",
                            "Go-http-client/1.1",
                            "okhttp/3",
                            "axios/1.6",
                            "Python-urllib/3.9",
                            "Apache-HttpClient/4.5 (Java/11)",
                            "Boto3/1.9 Python/3",
                            "aws-cli/2.1",
                            "Mybot/1.0",
                            "My Bot 2",
                            "x/Nutch-1",
                            "/WebSpider-3",
                            "008/0.83",
                            "Steeler/3.5",
                            "foo spider",
                            "MyCRAWLER",
                            "Scrapy/2.5",
                            "a scraper",
                            "Indexer/1",
                            "Yeti/1.1",
                            "NING/1.0",
                            "Slurp",
                            "AhrefsBot/7",
                            "archive.org_bot",
                            "Yahoo! Slurp",
                            "SimplePie/1.5",
                            "favicon fetcher"}) {
    EXPECT_TRUE(isKnownBot(agent)) << agent;
  }
}

TEST(KnownBots, BrowsersAndToolsOfPeoplePass) {
  for (const char* agent :
       {"",
        "x",
        "curl/8.0",
        "Wget/1.21",
        "python-requests/2.31",
        "PostmanRuntime/7.3",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:121.0) Gecko/20100101 Firefox/121.0",
        "HeadlessChrome/1",
        "notbad",
        "BINGBOT",
        "Bot",
        "robot",
        "facebookexternalhit",
        "x PTST/190 more",
        "aYeti",
        "aNING",
        "Botox/1",
        "aws-cli",
        "myaws-cli/2",
        "/+/web/snippet"}) {
    EXPECT_FALSE(isKnownBot(agent)) << agent;
  }
}

}  // namespace
}  // namespace tollgate::filters::bot_detection
