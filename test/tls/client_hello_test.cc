#include "source/tls/client_hello.h"

#include <random>

#include "test/fuzz/client_hello_fuzz.h"
#include "test/tls/support.h"

namespace tollgate::tls::test {
namespace {

std::string number(size_t value, size_t width) {
  std::string bytes;
  for (size_t i = width; i-- > 0;) bytes += static_cast<char>(value >> (8 * i) & 0xff);
  return bytes;
}
std::string vector(std::string_view bytes, size_t width) {
  return number(bytes.size(), width) + std::string(bytes);
}
std::string extension(size_t type, std::string_view body) {
  return number(type, 2) + vector(body, 2);
}
std::string serverName(std::string_view name) {
  return extension(0, vector(number(0, 1) + vector(name, 2), 2));
}
std::string alpn(std::vector<std::string> names) {
  std::string list;
  for (const std::string& name : names) list += vector(name, 1);
  return extension(16, vector(list, 2));
}
std::string record(std::string_view payload) { return "\x16\x03\x01" + vector(payload, 2); }
std::string message(std::string_view body) { return "\x01" + vector(body, 3); }
std::string body(std::string_view extensions) {
  return "\x03\x03" + std::string(32, 'r') + vector("", 1) + vector("\x13\x01", 2) +
         vector(std::string_view("\0", 1), 1) + vector(extensions, 2);
}
std::string hello(std::string_view extensions) { return record(message(body(extensions))); }

ClientHello::State stateOf(std::string_view bytes) { return parseClientHello(bytes).state; }

TEST(ParseClientHello, FindsServerNameAndProtocols) {
  ClientHello found = parseClientHello(
      hello(extension(43, "x") + serverName("API.Example.com") + alpn({"h2", "http/1.1"})));
  EXPECT_EQ(found.state, ClientHello::kParsed);
  EXPECT_EQ(found.serverName, "api.example.com");
  EXPECT_EQ(found.alpn, (std::vector<std::string>{"h2", "http/1.1"}));
}

TEST(ParseClientHello, NeitherIsNeeded) {
  EXPECT_EQ(stateOf(hello("")), ClientHello::kParsed);
  std::string bare = body("");
  bare.resize(bare.size() - 2);  // without the list of extensions
  EXPECT_EQ(stateOf(record(message(bare))), ClientHello::kParsed);
}

TEST(ParseClientHello, WorksAcrossRecordsAndIgnoresWhatFollows) {
  std::string whole = message(body(serverName("a.test") + extension(21, std::string(3000, '\0'))));
  for (size_t piece : {1, 3, 7, 100, 2000}) {
    std::string bytes;
    for (size_t at = 0; at < whole.size(); at += piece) bytes += record(whole.substr(at, piece));
    ClientHello found = parseClientHello(bytes + "anything");
    if (piece == 1 || piece == 3) {
      // Six and two bytes of header for each byte: still within the bound or given up, never wrong.
      EXPECT_NE(found.state, ClientHello::kNeedMore);
      continue;
    }
    EXPECT_EQ(found.state, ClientHello::kParsed) << piece;
    EXPECT_EQ(found.serverName, "a.test");
    fuzzClientHello(bytes, 13);
  }
}

TEST(ParseClientHello, EveryBeginningNeedsMore) {
  std::string bytes = hello(serverName("a.test"));
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_EQ(stateOf(bytes.substr(0, length)), ClientHello::kNeedMore) << length;
  }
}

TEST(ParseClientHello, OtherProtocolsAreNotTls) {
  EXPECT_EQ(stateOf("GET / HTTP/1.1\r\n"), ClientHello::kNotTls);
  EXPECT_EQ(stateOf("G"), ClientHello::kNotTls);
  EXPECT_EQ(stateOf("\x16\x02"), ClientHello::kNotTls);
  EXPECT_EQ(stateOf(std::string_view("\x80\x2e\x01\x00\x02", 5)), ClientHello::kNotTls);  // SSL 2
  EXPECT_EQ(stateOf(""), ClientHello::kNeedMore);
}

TEST(ParseClientHello, WrongLengthsAreMalformed) {
  std::string good = body(serverName("a.test"));
  const std::string cases[] = {
      std::string("\x16\x03\x01\x00\x00", 5),                 // empty record
      std::string("\x16\x03\x01\x40\x01", 5),                 // record too long
      record("\x02" + vector(good, 3)),                       // another message
      record("\x01" + number(17000, 3)),                      // message too long
      record(message(good.substr(0, good.size() - 1))),       // cut short inside
      record(message(good + "x")),                            // bytes left over
      hello(serverName("")),                                  // empty name
      hello(serverName(std::string("a\0b", 3))),              // NUL in the name
      hello(serverName(std::string(256, 'a'))),               // name too long
      hello(serverName("a") + serverName("b")),               // twice
      hello(extension(0, "\x00\x09")),                        // list longer than extension
      hello(alpn({""})),                                      // empty protocol
      hello(alpn({})),                                        // no protocol
      hello(extension(16, std::string("\x00\x02\x05h", 4))),  // longer than the list
      record(message("\x03\x03" + std::string(32, 'r') + vector(std::string(33, 's'), 1))),
      record("\x01") + "\x17\x03\x01",  // another record type
  };
  for (const std::string& bytes : cases) {
    EXPECT_EQ(stateOf(bytes), ClientHello::kMalformed) << testing::PrintToString(bytes);
    fuzzClientHello(bytes, 1);
  }
}

TEST(ParseClientHello, IsBoundedForAClientThatDripsRecords) {
  std::string bytes, drip = record("\x01" + number(16000, 3));
  bytes = drip;
  while (bytes.size() < 20'000) bytes += record("x");
  EXPECT_EQ(stateOf(bytes), ClientHello::kMalformed);
}

TEST(ParseClientHello, ReadsWhatRealClientsSend) {
  std::filesystem::path folder(TOLLGATE_CLIENT_HELLO_CORPUS);
  auto parsed = [&](const char* name) {
    std::ifstream file(folder / name, std::ios::binary);
    std::string bytes(std::istreambuf_iterator<char>(file), {});
    return parseClientHello(std::string_view(bytes).substr(1));
  };
  for (const char* name : {"openssl_tls13", "openssl_tls12", "openssl_split"}) {
    ClientHello found = parsed(name);
    EXPECT_EQ(found.state, ClientHello::kParsed) << name;
    EXPECT_EQ(found.serverName, "api.example.com") << name;
    EXPECT_EQ(found.alpn, (std::vector<std::string>{"h2", "http/1.1"})) << name;
  }
  EXPECT_EQ(parsed("plain_http").state, ClientHello::kNotTls);
}

TEST(ParseClientHello, MutationsOfTheCorpusDoNoHarm) {
  std::mt19937 random(1);
  for (const auto& entry : std::filesystem::directory_iterator(TOLLGATE_CLIENT_HELLO_CORPUS)) {
    std::ifstream file(entry.path(), std::ios::binary);
    std::string bytes(std::istreambuf_iterator<char>(file), {});
    ASSERT_FALSE(bytes.empty());
    for (int round = 0; round < 300; ++round) {
      std::string mutated = bytes.substr(1);
      for (size_t i = 0, count = random() % 4; i <= count; ++i) {
        mutated[random() % mutated.size()] = static_cast<char>(random());
      }
      if (random() % 4 == 0) mutated.resize(1 + random() % mutated.size());
      fuzzClientHello(mutated, 1 + random() % 17);
    }
  }
}

}  // namespace
}  // namespace tollgate::tls::test
