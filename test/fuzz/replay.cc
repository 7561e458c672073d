// Gives a fuzz driver every file of a corpus, every beginning of it and some thousand mutations,
// the same in every run. Sanitizers and the driver's own checks are the judges.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

constexpr size_t kMutationsPerFile = 2000;

void give(const std::string& bytes) {
  // A copy of its own, so that a sanitizer sees every step beyond its end.
  std::vector<uint8_t> exact(bytes.begin(), bytes.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

std::string mutated(std::string bytes, std::minstd_rand& random) {
  size_t changes = 1 + random() % 4;
  while (changes-- > 0 && !bytes.empty()) {
    size_t at = random() % bytes.size();
    switch (random() % 4) {
      case 0:
        bytes[at] = static_cast<char>(random());
        break;
      case 1:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
        break;
      case 2:
        bytes.erase(at, 1 + random() % 8);
        break;
      default:
        bytes.insert(at, bytes.substr(random() % bytes.size(), 1 + random() % 16));
    }
  }
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s CORPUS\n", argv[0]);
    return 2;
  }
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::minstd_rand random(1);
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(in), {}};
    for (size_t length = 0; length <= bytes.size(); ++length) give(bytes.substr(0, length));
    for (size_t i = 0; i < kMutationsPerFile; ++i) give(mutated(bytes, random));
  }
  std::printf("%zu files\n", files.size());
  return files.empty() ? 1 : 0;  // a corpus that went missing is a failure
}
