#include "source/server/credential_secret.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

namespace tollgate::server {
namespace {

class CredentialSecretTest : public testing::Test {
 protected:
  CredentialSecretTest() {
    std::string pattern = testing::TempDir() + "secret.XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~CredentialSecretTest() override { std::filesystem::remove_all(folder_); }
  std::string file() const { return folder_ + "/credential.secret"; }
  void write(const std::string& text) { std::ofstream(file()) << text; }

  std::string folder_;
};

TEST_F(CredentialSecretTest, IsMadeOnceForItsUserOnly) {
  auto first = prefixSecret(folder_, true);
  ASSERT_TRUE(first) << first.error().text();
  EXPECT_GE(first->text.size(), 43u);
  EXPECT_NE(first->notice.find(file()), std::string::npos);
  struct stat about {};
  ASSERT_EQ(stat(file().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
  auto second = prefixSecret(folder_, true);
  EXPECT_EQ(second->text, first->text);
  EXPECT_EQ(second->notice, "");
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) files += entry.exists();
  EXPECT_EQ(files, 1u);
}

TEST_F(CredentialSecretTest, IsNotMadeWhereOneWasLost) {
  auto secret = prefixSecret(folder_, false);
  ASSERT_TRUE(secret);
  EXPECT_EQ(secret->text, "");
  EXPECT_NE(secret->notice.find("restore it from a backup"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(file()));
}

TEST_F(CredentialSecretTest, ADamagedFileIsNamedAndLeftAlone) {
  for (const char* text : {"", "too short"}) {
    write(text);
    auto secret = prefixSecret(folder_, true);
    ASSERT_FALSE(secret);
    EXPECT_NE(secret.error().text().find(file()), std::string::npos);
    EXPECT_EQ(secret.error().text().find("too short"), std::string::npos);
  }
}

TEST_F(CredentialSecretTest, AFileThatOthersCanReadIsTold) {
  write(std::string(40, 'x'));
  ASSERT_EQ(chmod(file().c_str(), 0644), 0);
  EXPECT_NE(prefixSecret(folder_, true)->notice.find("0600"), std::string::npos);
}

}  // namespace
}  // namespace tollgate::server
