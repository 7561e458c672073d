#include "source/server/default_certificates.h"

#include <fmt/format.h>

#include "source/base/read_file.h"
#include "source/log/error_log.h"

namespace tollgate::server {
namespace {

constexpr const char* kProxyName = "kong-default";
constexpr const char* kAdminName = "admin-kong-default";

bool isPem(const std::string& text) { return text.find("-----BEGIN") != std::string::npos; }

Result<std::vector<tls::KeyPair>> configured(const Settings& settings, const std::string& name) {
  std::vector<std::string> certificates = settings.list(name);
  std::vector<std::string> keys = settings.list(name + "_key");
  std::vector<tls::KeyPair> out;
  if (certificates.size() != keys.size()) {
    return Error::invalid(name + " and " + name + "_key must name as many files as each other");
  }
  for (size_t i = 0; i < certificates.size(); ++i) {
    auto pair = readPair(certificates[i], keys[i]);
    if (!pair) return Error::invalid(pair.error().text(), name);
    out.push_back(std::move(pair).value());
  }
  return out;
}

/// The configured pairs, else those of the prefix folder; `wanted` says if an RSA one is to come.
Result<std::vector<tls::KeyPair>> defaultPairs(const Settings& settings, const PrefixFolder& prefix,
                                               const char* setting, const char* file,
                                               bool& wanted) {
  auto pairs = configured(settings, setting);
  if (!pairs || !pairs->empty()) return pairs;
  auto ecdsa = prefix.keptCertificate(file, crypto::KeyType::kEcP256);
  if (!ecdsa) ecdsa = prefix.makeCertificate(file, crypto::KeyType::kEcP256);
  if (!ecdsa) return ecdsa.error();
  pairs->push_back(std::move(ecdsa).value());
  auto rsa = prefix.keptCertificate(file, crypto::KeyType::kRsa);
  wanted = !rsa.ok();
  if (rsa) pairs->push_back(std::move(rsa).value());
  return pairs;
}

}  // namespace

Result<std::string> pemOf(const std::string& setting) {
  if (isPem(setting)) return setting;
  auto text = readFile(setting);
  if (!text) return Error::invalid("cannot be read: " + text.error().message, setting);
  return text;
}

Result<tls::KeyPair> readPair(const std::string& certificate, const std::string& key) {
  if (!isPem(certificate)) return tls::readKeyPair(certificate, key);
  tls::KeyPair pair{certificate, key};
  if (Status checked = tls::checkKeyPair(pair); !checked) return checked.error();
  return pair;
}

Result<DefaultCertificates> loadCertificates(const Settings& settings, const PrefixFolder& prefix) {
  DefaultCertificates out;
  auto proxy = defaultPairs(settings, prefix, "ssl_cert", kProxyName, out.proxyRsaMissing);
  if (!proxy) return proxy.error();
  auto admin = defaultPairs(settings, prefix, "admin_ssl_cert", kAdminName, out.adminRsaMissing);
  if (!admin) return admin.error();
  out.proxy = std::move(proxy).value();
  out.admin = std::move(admin).value();
  return out;
}

LateCertificates::~LateCertificates() {
  if (thread_.joinable()) thread_.join();
}

void LateCertificates::start(const PrefixFolder& prefix, const DefaultCertificates& certificates,
                             const ListenerPlans& plans) {
  struct Task {
    const char* name;
    bool main;  ///< For the listeners of the main thread.
    std::vector<std::shared_ptr<const tls::ServerContext>> users;
  };
  std::vector<Task> tasks;
  auto want = [&](Task task) {
    for (const auto& plan : plans) {
      for (const Chain& chain : plan->chains) {
        bool user = chain.defaultCertificates && plan->onMain() == task.main;
        if (user) task.users.push_back(chain.tls);
      }
    }
    // Listeners of workers may come later, those of the main thread are all there.
    if (!task.main || !task.users.empty()) tasks.push_back(std::move(task));
  };
  if (certificates.proxyRsaMissing) want({kProxyName, false, {}});
  if (certificates.adminRsaMissing) want({kAdminName, true, {}});
  if (tasks.empty()) return;
  thread_ = std::thread([&prefix, tasks = std::move(tasks)] {
    for (const Task& task : tasks) {
      auto made = prefix.makeCertificate(task.name, crypto::KeyType::kRsa);
      Status added = made ? Status() : made.error();
      for (const auto& user : task.users) {
        if (added) added = user->addDefault(*made);
      }
      if (!added) {
        log::error(log::Level::kWarn,
                   fmt::format("no RSA certificate {}: {}", task.name, added.error().text()));
      }
    }
  });
}

}  // namespace tollgate::server
