#include "source/route/path.h"

namespace tollgate::route {
namespace {

TEST(NormalForm, DecodesAndCleansTheWayRoutesAreCompared) {
  struct Row {
    const char* raw;
    const char* normal;
  };
  for (const Row& row :
       {Row{"/", "/"}, Row{"/a/b", "/a/b"}, Row{"/%61", "/a"}, Row{"/%2f", "/%2F"},
        Row{"/a//b", "/a/b"}, Row{"/a/./b", "/a/b"}, Row{"/a/../b", "/b"}, Row{"/../../b", "/b"},
        Row{"/a/..", "/"}, Row{"/a/b/..", "/a/"}, Row{"/a/.", "/a/"}, Row{"/%zz", "/%zz"},
        Row{"/a%20b", "/a b"}, Row{"/%2e%2e/x", "/x"}, Row{"/a/...", "/a/..."}, Row{"/%", "/%"},
        Row{"/a.b", "/a.b"}, Row{"//", "/"}}) {
    EXPECT_EQ(normalForm(row.raw), row.normal) << row.raw;
    EXPECT_EQ(normalForm(row.normal), row.normal) << "not stable: " << row.normal;
  }
}

/// What scanTarget() is short for.
bool isSimple(const std::string& path) {
  return wellFormedPath(path) && normalForm(path) == path && isPlain(path) &&
         path.find('%') == std::string::npos;
}

TEST(WellFormedPath, HasNoControlCharacters) {
  for (const char* bad :
       {"/a%00", "/a%0a", "/%0D%0aX", "/a%1fb", "/%7f", "/a%", "/a%zz", "/..", "/%2e%2e"}) {
    EXPECT_FALSE(wellFormedPath(bad)) << bad;
  }
  EXPECT_FALSE(wellFormedPath("/a\tb"));
  EXPECT_FALSE(wellFormedPath("/a\x7f"));
  for (const char* good : {"/", "/a%20b", "/%ff", "/\xff\x80", "/%C3%BC", "/a/..", "/%2f%2F"}) {
    EXPECT_TRUE(wellFormedPath(good)) << good;
  }
}

TEST(TargetScan, FindsTheQueryAndWhatNeedsNothing) {
  EXPECT_EQ(scanTarget("").pathBytes, 0u);
  EXPECT_TRUE(scanTarget("*").simple);
  EXPECT_TRUE(scanTarget("/a/b.html?c=//%").simple);
  EXPECT_EQ(scanTarget("/a/b.html?c=//%?").pathBytes, 9u);
  for (const char* odd : {"//", "/a//b", "/.", "/a/./b", "/a/..", "/%41", "/a b", "/\xc3", "/<"}) {
    EXPECT_FALSE(scanTarget(odd).simple) << odd;
  }
}

TEST(TargetScan, AgreesWithTheSlowWayWhereverTheOddBytesStand) {
  for (size_t size = 1; size < 40; ++size) {
    for (size_t at = 0; at + 1 < size; ++at) {
      for (const char* odd :
           {"//", "/.", "./", "..", "?/", "/?", "%4", "a%", "\x01z", "z\xff", "//?"}) {
        std::string target(size, 'x');
        target[0] = '/';
        target.replace(at, std::min(std::string_view(odd).size(), size - at), odd);
        const std::string path = target.substr(0, target.find('?'));
        const TargetScan scan = scanTarget(target);
        EXPECT_EQ(scan.pathBytes, path.size()) << target;
        // A segment that begins with a dot may be normal all the same: the slow way then says so.
        const bool simple =
            isSimple(path) && path.find("/.") == std::string::npos && path.front() != '.';
        EXPECT_EQ(scan.simple, simple) << target;
      }
    }
  }
}

TEST(UpstreamPath, FollowsTheTableOfServicePathAndStrip) {
  struct Row {
    const char* service;
    const char* matched;
    bool strip;
    const char* path;
    const char* result;
  };
  for (const Row& row : {Row{"/", "/", true, "/route/req", "/route/req"},
                         Row{"/", "/", false, "/route/req", "/route/req"},
                         Row{"/", "/route", false, "/routereq", "/routereq"},
                         Row{"/", "/route", true, "/route", "/"},
                         Row{"/", "/route", true, "/route/", "/"},
                         Row{"/", "/route", true, "/routereq", "/req"},
                         Row{"/srv", "/rou", false, "/roureq", "/srv/roureq"},
                         Row{"/srv", "/rou", true, "/roureq", "/srv/req"},
                         Row{"/srv/", "/rou", false, "/rou", "/srv/rou"},
                         Row{"/srv/", "/rou", true, "/rou", "/srv"},
                         Row{"/service", "/", true, "/", "/service"},
                         Row{"/service", "/", true, "/route/", "/service/route/"},
                         Row{"/service", "/", false, "/route/", "/service/route/"},
                         Row{"/service", "/route", false, "/route", "/service/route"},
                         Row{"/service", "/route", true, "/route", "/service"},
                         Row{"/service", "/route", true, "/route/", "/service/"},
                         Row{"/service", "/route", true, "/routereq", "/service/req"},
                         Row{"/service", "/route/", true, "/route/", "/service/"},
                         Row{"/service", "/route/", true, "/route/req", "/service/req"},
                         Row{"/service/", "/", true, "/", "/service/"},
                         Row{"/service/", "/route", true, "/route", "/service"},
                         Row{"/service/", "/route", true, "/route/", "/service/"},
                         Row{"/service/", "/route/", true, "/route/req", "/service/req"},
                         Row{"/service", "/route", true, "/route./req", "/service/req"},
                         Row{"/service", "/route", false, "/route./req", "/service/route./req"}}) {
    EXPECT_EQ(upstreamPath(row.service, row.matched, row.path, row.strip), row.result)
        << row.service << " " << row.matched << " " << row.path << " " << row.strip;
  }
}

TEST(UpstreamPath, EncodesWhatMayNotStandInAPath) {
  EXPECT_EQ(upstreamPath("/", "/", "/a b\xc3\xa4", false), "/a%20b%C3%A4");
}

}  // namespace
}  // namespace tollgate::route
