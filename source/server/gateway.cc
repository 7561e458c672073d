#include "source/server/gateway.h"

#include <fmt/format.h>
#include <malloc.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "source/base/regex.h"
#include "source/config/node.h"
#include "source/log/error_log.h"
#include "source/server/control_options.h"
#include "source/server/descriptor_limit.h"
#include "source/server/dns_options.h"
#include "source/server/open_store.h"
#include "source/server/proxy_options.h"
#include "source/server/store_counters.h"
#include "source/server/stored_passwords.h"
#include "source/server/upstream_tls.h"

namespace tollgate::server {

using log::Level;

namespace {
constexpr event::Millis kDrainCheck{50};
constexpr std::chrono::seconds kEndGrace{2};  // behind drain_timeout, for an orderly end
constexpr std::chrono::seconds kSecondSignalLimit{1};
}  // namespace

/// Signals as events of the main loop. They must be blocked in every thread, so this comes first.
class Gateway::Signals final : public event::FdHandler {
 public:
  explicit Signals(Gateway& owner) : owner_(owner) {
    sigset_t set;
    sigemptyset(&set);
    for (int signal : {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGCHLD}) sigaddset(&set, signal);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    fd_ = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    watch_.startLevelRead(owner.loop_, fd_, *this);
  }
  ~Signals() {
    watch_.stop();
    ::close(fd_);
  }
  void onReady(bool, bool, bool) override {
    signalfd_siginfo info;
    while (::read(fd_, &info, sizeof info) == sizeof info) {
      owner_.onSignal(static_cast<int>(info.ssi_signo));
    }
  }

 private:
  Gateway& owner_;
  int fd_ = -1;
  event::FdWatch watch_;
};

Gateway::Gateway(Settings settings)
    : settings_(std::move(settings)),
      prefix_(settings_.text("prefix")),
      declarative_(settings_, prefix_.path()) {
  signals_ = std::make_unique<Signals>(*this);
}

Gateway::~Gateway() {
  if (reader_ != nullptr) reader_->stop();
  if (control_ != nullptr) control_->stop();
  if (services_ != nullptr) services_->stopOffload();
  for (auto& worker : workers_) worker->stop();
}

Status Gateway::open() {
  if (auto level = log::parseLevel(settings_.text("log_level"))) log::setLevel(*level, {});
  raiseDescriptorLimit();
  auto regexMemory = parseBytes(settings_.text("regex_memory"));
  if (!regexMemory) return Error::invalid("regex_memory " + regexMemory.error().message);
  RegexMemory::setLimit(static_cast<int64_t>(*regexMemory));
  if (Status created = prefix_.create(); !created) return created;
  if (Status locked = prefix_.lock(); !locked) return locked;
  if (Status opened = logs_.openErrorLog(settings_, prefix_.path()); !opened) return opened;
  for (const std::string& warning : settings_.warnings()) log::error(Level::kWarn, warning);
  auto proxy = proxySettings(settings_);
  if (!proxy) return proxy.error();
  proxySettings_ = std::move(proxy).value();
  auto resolver = resolverSettings(settings_);
  if (!resolver) return resolver.error();
  resolver_ = std::move(resolver).value();
  if (Status done = compileListeners(); !done) return done;
  if (Status done = openStore(); !done) return done;
  if (Status done = openWorkers(); !done) return done;
  return openMain();
}

Status Gateway::compileListeners() {
  std::string file = settings_.text("node_file");
  auto node = file.empty() ? builtinNode(settings_) : config::loadNode(file);
  if (!node) return node.error();
  auto certificates = loadCertificates(settings_, prefix_);
  if (!certificates) return certificates.error();
  counters_ = std::make_unique<StoreCounters>();
  upstreamTls_ = std::make_unique<UpstreamTls>(settings_);
  dependencies_ = std::make_unique<http::Dependencies>(&logs_, repeatInterval(settings_));
  filterContext_.setting = [this](std::string_view name) { return settings_.number(name); };
  auto services = serviceSettings(settings_);
  if (!services) return services.error();
  services->resolver = resolver_;
  services_ = std::make_unique<client::Services>(std::move(services).value(), logs_, *dependencies_,
                                                 stats_.registry());
  filterContext_.services = services_.get();
  filterContext_.log = &logs_;
  filterContext_.dependencies = dependencies_.get();
  filterContext_.resolver = resolver_;
  filterContext_.recordsWanted = &recordsWanted_;
  filterContext_.counters = counters_.get();
  filterContext_.tls = upstreamTls_.get();
  auto plans = compileNode(*node, file.empty() ? "settings" : file, settings_, *certificates,
                           filterContext_);
  if (!plans) return plans.error();
  plans_ = std::move(plans).value();
  for (const auto& plan : plans_) {
    bool local = std::all_of(plan->addresses.begin(), plan->addresses.end(), net::isLoopback);
    for (const Chain& chain : plan->chains) {
      if (chain.kind != Chain::Kind::kAdmin || local || chain.tls != nullptr) continue;
      log::error(Level::kWarn, "listener " + plan->name +
                                   ": the Admin API is reached without TLS from other machines, "
                                   "so that tokens and keys can be read on the way");
    }
  }
  lateCertificates_.start(prefix_, *certificates, plans_);
  noteOpenAdmin();
  return {};
}

/// Where routes and tcp-proxy listeners may not lead without asking who is there.
void Gateway::noteOpenAdmin() {
  if (settings_.flag("admin_allow_unauthenticated_routes")) return;
  auto open = std::make_shared<net::OpenAdmin>();
  for (const auto& plan : plans_) {
    if (std::none_of(plan->chains.begin(), plan->chains.end(),
                     [](const Chain& chain) { return chain.isOpenAdmin(); })) {
      continue;
    }
    for (const net::Address& address : plan->addresses) open->add(address);
  }
  if (open->empty()) return;
  for (const auto& plan : plans_) {
    for (const Chain& chain : plan->chains) {
      if (chain.kind != Chain::Kind::kTcp || !open->namedBy(chain.tcp.host, chain.tcp.port))
        continue;
      log::error(Level::kWarn, "listener " + plan->name + " " + net::OpenAdmin::kReason);
    }
  }
  proxySettings_.openAdmin = std::move(open);
}

Status Gateway::openStore() {
  auto opened = server::openStore(settings_, prefix_.path(), OpenFor::kServing);
  if (!opened) return opened.error();
  protector_ = opened->protector;
  auto workers = workerCount(settings_);
  if (!workers) return workers.error();
  clusters_ = std::make_unique<upstream::ClusterRegistry>(static_cast<size_t>(*workers));
  control_ = std::make_unique<Control>(std::move(opened->store), std::move(opened->lastGood),
                                       counters_.get(), controlOptions(settings_));
  counters_->use(*control_);
  if (Status checked = upstreamTls_->check(); !checked) return checked;
  control_->compiler().setClusters(clusters_.get());
  control_->store().onBroadcast([this](const std::string& message) {
    control_->post([this, message] { ClusterAdmin::hear(*clusters_, message); });
  });
  filterContext_.passwords = std::make_shared<StoredPasswords>(opened->credentials);
  control_->compiler().setFilterContext(filterContext_);
  control_->compiler().setVaultPrefix(settings_.text("vault_env_prefix"));
  control_->compiler().setKeyLookup(std::make_shared<config::KeyLookup>(opened->credentials));
  control_->compiler().offerHttp2(settings_.text("upstream_http2") == "auto");
  control_->compiler().setUpstreamTls(
      [this](const Json& service) { return upstreamTls_->contextFor(service); });
  if (Status loaded = loadConfiguration(*opened); !loaded) return loaded;
  auto id = prefix_.nodeId(settings_.text("node_id"));
  if (!id) return id.error();
  context_ = std::make_unique<NodeContext>(settings_, *control_, *protector_, declarative_,
                                           *clusters_, *id);
  context_->setDependencies(*dependencies_);
  api_ = std::make_unique<admin::Api>(*context_);
  if (opened->reader != nullptr) {
    reader_ = std::make_unique<AdminReader>(*context_, std::move(opened->reader),
                                            std::move(opened->copyReader), AdminReader::Options{});
  }
  return {};
}

Status Gateway::loadConfiguration(const OpenedStore& opened) {
  if (opened.declared == nullptr) return control_->load(opened.outage);
  if (Status declared = declarative_.declareIn(*opened.declared); !declared) return declared;
  Status loaded = control_->load();
  if (!loaded && !opened.declared->errors().empty()) {
    loaded = declarative_.loadFailed(*opened.declared);
    if (loaded) loaded = control_->load();
  }
  for (const std::string& line : opened.declared->warnings()) log::error(Level::kWarn, line);
  ::malloc_trim(0);  // what reading a large text took
  return loaded;
}

Status Gateway::openWorkers() {
  auto count = workerCount(settings_);
  if (!count) return count.error();
  if (Status opened = logs_.openAccessLog(settings_, prefix_.path()); !opened) return opened;
  failureLog_ = std::make_unique<proxy::FailureLog>(logs_, repeatInterval(settings_));
  std::vector<Worker*> workers;
  for (int i = 0; i < *count; ++i) {
    workers_.push_back(std::make_unique<Worker>(proxySettings_, poolSettings(settings_),
                                                upstreamTlsFactory(), resolver_,
                                                logs_.addAccessSink(), static_cast<size_t>(i)));
    workers_.back()->setServices(*services_);
    proxy::WorkerContext& context = workers_.back()->context();
    context.failureLog = failureLog_.get();
    clusters_->addWorker(context.loop, context.clusters);
    stats_.add(context);
    workers_.back()->lag().describe(stats_.registry());
    if (Status opened = workers_.back()->listen(plans_); !opened) return opened;
    workers.push_back(workers_.back().get());
  }
  for (Worker* worker : workers) {
    std::vector<Worker*> others = workers;
    std::erase(others, worker);
    worker->share(std::move(others));
  }
  openListeners(std::move(workers));
  return {};
}

/// Those of the store, beside the node's own.
void Gateway::openListeners(std::vector<Worker*> workers) {
  std::vector<net::Address> own;
  for (const auto& plan : plans_) {
    own.insert(own.end(), plan->addresses.begin(), plan->addresses.end());
  }
  auto compile = [this](const node::v1::Listener& listener) -> Result<ListenerPlan> {
    // Read anew: the self-signed RSA pair may have been made since the start.
    auto certificates = loadCertificates(settings_, prefix_);
    if (!certificates) return certificates.error();
    return compileListener(listener, settings_, *certificates, filterContext_);
  };
  listeners_ = std::make_unique<ListenerSet>(compile, std::move(own), std::move(workers));
  control_->setListeners(*listeners_);
  context_->setListeners(*listeners_);
  context_->setOpenAdmin(proxySettings_.openAdmin.get());
}

Status Gateway::openMain() {
  adminSettings_ = proxySettings_;
  adminSettings_.serverTokens = adminSettings_.latencyTokens = false;
  adminSettings_.requestIdDownstream = adminSettings_.debugHeader = false;
  auto limit = parseBytes(settings_.directive("nginx_admin_client_max_body_size", "10m"));
  if (!limit) {
    return Error::invalid("nginx_admin_client_max_body_size " + limit.error().message);
  }
  adminSettings_.maxBodyBytes = *limit;
  auto noTls = [](const upstream::Target&, int) { return nullptr; };
  auto make = [&] {
    return std::make_unique<proxy::WorkerContext>(
        loop_, adminSettings_, upstream::StreamPool::Settings{}, noTls, resolver_);
  };
  upstream::ClusterMonitor::Settings monitor;
  monitor.resolver = resolver_;
  monitor.logInterval = repeatInterval(settings_);
  monitor.log = [](const std::string& text) { log::error(Level::kWarn, text); };
  clusterMonitor_ = std::make_unique<upstream::ClusterMonitor>(
      loop_, *clusters_, std::move(monitor), probeTlsFactory());
  clusters_->setObserver(*clusterMonitor_);
  adminContext_ = make();
  statusContext_ = make();
  stats_.add(*adminContext_);
  stats_.add(*statusContext_);
  clusterMonitor_->probeCounters().describe(stats_.registry(), "probe");
  lag_.describe(stats_.registry());
  stats_.watch(*control_);
  context_->setStats(stats_);
  adminContext_->setSnapshot(
      snapshotOf(std::make_shared<AdminFilter>(*api_, *control_, reader_.get(), *limit)));
  statusContext_->setSnapshot(snapshotOf(std::make_shared<StatusFilter>(*api_, *context_)));
  adminAcceptor_ = std::make_unique<Acceptor>(*adminContext_);
  statusAcceptor_ = std::make_unique<Acceptor>(*statusContext_);
  for (const auto& plan : plans_) {
    if (!plan->onMain()) continue;
    bool admin = plan->chains[0].kind == Chain::Kind::kAdmin;
    Status opened = (admin ? adminAcceptor_ : statusAcceptor_)->open(plan, false);
    if (!opened)
      return Error{opened.error().kind, opened.error().message, "listener " + plan->name};
  }
  return {};
}

int Gateway::run() {
  std::vector<proxy::WorkerContext*> contexts;
  for (auto& worker : workers_) {
    worker->start(control_->current());
    contexts.push_back(&worker->context());
  }
  control_->start(std::move(contexts));
  if (reader_ != nullptr) reader_->start();
  log::error(Level::kNotice, fmt::format("tollgate runs: {} worker{}, store {}, revision {}",
                                         workers_.size(), workers_.size() == 1 ? "" : "s",
                                         settings_.text("database"), control_->revision()));
  for (const auto& plan : plans_) {
    for (const net::Address& address : plan->addresses) {
      log::error(Level::kNotice, fmt::format("listener {} on {}{}", plan->name, address.toString(),
                                             plan->chains[0].tls != nullptr ? " (TLS)" : ""));
    }
  }
  lag_.start();
  loop_.run();
  adminContext_->dropConnections();
  statusContext_->dropConnections();
  loop_.runOnce(event::Millis(0));
  if (reader_ != nullptr) reader_->stop();
  control_->stop();
  services_->stopOffload();
  services_->endWorker(loop_);
  loop_.runOnce(event::Millis(0));
  for (auto& worker : workers_) worker->stop();
  log::error(Level::kNotice, "tollgate ends");
  return 0;
}

void Gateway::onSignal(int signal) {
  switch (signal) {
    case SIGCHLD:  // as process 1 this one inherits orphans
      while (waitpid(-1, nullptr, WNOHANG) > 0) {
      }
      return;
    case SIGHUP:
      return reload();
    case SIGUSR1:
      logs_.reopen();
      return;
    default:
      if (!draining_) return beginDrain();
      log::error(Level::kWarn, "second signal: ending at once");
      endLimit_.set(kSecondSignalLimit);
      loop_.stop();
  }
}

/// Takes up what others wrote, or the declarative file; a file that is broken changes nothing.
void Gateway::reload() {
  logs_.reopen();
  reloadFilters();
  control_->post([this] {
    if (settings_.text("database") == "off") {
      if (Status done = declarative_.reload(*control_); !done) {
        log::error(Level::kError, "reload: " + done.error().text());
        log::error(Level::kError, "reload: the configuration from before serves on");
        return;
      }
    } else {
      control_->catchUp();
    }
    log::error(Level::kNotice, "reload: configuration taken up, logs reopened");
  });
}

void Gateway::reloadFilters() {
  for (const auto& plan : plans_) {
    for (const Chain& chain : plan->chains) {
      if (chain.filters == nullptr) continue;
      for (const auto& filter : chain.filters->owned) {
        if (Status done = filter->reload(); !done) {
          log::error(Level::kError, "listener " + plan->name + ": " + done.error().text() +
                                        "; what was read before stays in force");
        }
      }
    }
  }
}

void Gateway::beginDrain() {
  draining_ = true;
  context_->setDraining();
  const std::chrono::milliseconds limit(
      static_cast<int64_t>(settings_.number("drain_timeout") * 1000));
  drainUntil_ = loop_.now() + limit;
  endLimit_.set(limit + kEndGrace);
  log::error(Level::kNotice, "draining: no new connections, requests under way are finished");
  adminAcceptor_->close();
  control_->post([this] { control_->endWaits(); });
  for (auto& worker : workers_) worker->drain();
  adminContext_->drain();
  loop_.arm(drainTimer_, kDrainCheck);
}

void Gateway::checkDrained() {
  uint64_t active = adminContext_->exchangesInUse();
  for (auto& worker : workers_) {
    active += worker->context().counters.active.value();
  }
  if (active == 0 && !finishing_) {
    finishing_ = true;  // nothing is handed to what filters have queued any more
    services_->finish();
  }
  if (active == 0 && !services_->busy()) return loop_.stop();
  if (loop_.now() >= drainUntil_) {
    log::error(Level::kWarn,
               active > 0 ? fmt::format("drain limit reached with {} connections open", active)
                          : "drain limit reached before all that is queued was sent");
    return loop_.stop();
  }
  loop_.arm(drainTimer_, kDrainCheck);
}

}  // namespace tollgate::server
