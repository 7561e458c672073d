#include "source/schema/plugin_names.h"

#include <algorithm>

#include "source/schema/plugin_config.h"

namespace tollgate::schema {
namespace {

/// Bundled with Kong 3.10. Those that are here are found before.
constexpr std::string_view kKong[] = {
    "acl",
    "acme",
    "ai-prompt-decorator",
    "ai-prompt-guard",
    "ai-prompt-template",
    "ai-proxy",
    "ai-request-transformer",
    "ai-response-transformer",
    "aws-lambda",
    "azure-functions",
    "basic-auth",
    "bot-detection",
    "correlation-id",
    "cors",
    "datadog",
    "file-log",
    "grpc-gateway",
    "grpc-web",
    "hmac-auth",
    "http-log",
    "ip-restriction",
    "jwt",
    "key-auth",
    "ldap-auth",
    "loggly",
    "oauth2",
    "opentelemetry",
    "post-function",
    "pre-function",
    "prometheus",
    "proxy-cache",
    "rate-limiting",
    "redirect",
    "request-size-limiting",
    "request-termination",
    "request-transformer",
    "response-ratelimiting",
    "response-transformer",
    "session",
    "standard-webhooks",
    "statsd",
    "syslog",
    "tcp-log",
    "udp-log",
    "zipkin",
};

constexpr std::string_view kEnterprise[] = {
    "ace",
    "ai-aws-guardrails",
    "ai-azure-content-safety",
    "ai-gcp-model-armor",
    "ai-lakera-guard",
    "ai-llm-as-judge",
    "ai-mcp-oauth2",
    "ai-mcp-proxy",
    "ai-prompt-compressor",
    "ai-proxy-advanced",
    "ai-rag-injector",
    "ai-rate-limiting-advanced",
    "ai-sanitizer",
    "ai-semantic-cache",
    "ai-semantic-prompt-guard",
    "ai-semantic-response-guard",
    "app-dynamics",
    "application-registration",
    "canary",
    "confluent",
    "confluent-consume",
    "datakit",
    "degraphql",
    "exit-transformer",
    "forward-proxy",
    "graphql-proxy-cache-advanced",
    "graphql-rate-limiting-advanced",
    "header-cert-auth",
    "injection-protection",
    "jq",
    "json-threat-protection",
    "jwe-decrypt",
    "jwt-signer",
    "kafka-consume",
    "kafka-log",
    "kafka-upstream",
    "key-auth-enc",
    "konnect-application-auth",
    "ldap-auth-advanced",
    "metering-and-billing",
    "mocking",
    "mtls-auth",
    "oas-validation",
    "oauth2-introspection",
    "opa",
    "openid-connect",
    "proxy-cache-advanced",
    "rate-limiting-advanced",
    "request-callout",
    "request-transformer-advanced",
    "request-validator",
    "response-transformer-advanced",
    "route-by-header",
    "route-transformer-advanced",
    "saml",
    "service-protection",
    "solace-consume",
    "solace-log",
    "solace-upstream",
    "statsd-advanced",
    "tls-handshake-modifier",
    "tls-metadata-headers",
    "upstream-oauth",
    "upstream-timeout",
    "vault-auth",
    "websocket-size-limit",
    "websocket-validator",
    "xml-threat-protection",
};

template <size_t kCount>
bool holds(const std::string_view (&names)[kCount], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

}  // namespace

PluginHome pluginHome(std::string_view name) {
  if (PluginConfig::find(name) != nullptr) return PluginHome::kHere;
  if (holds(kKong, name)) return PluginHome::kKong;
  return holds(kEnterprise, name) ? PluginHome::kEnterprise : PluginHome::kUnknown;
}

std::string whyNoPlugin(std::string_view name) {
  switch (pluginHome(name)) {
    case PluginHome::kHere:
      return "";
    case PluginHome::kKong:
      return "is one of Kong's that is not here yet";
    case PluginHome::kEnterprise:
      return "is one of Kong Enterprise's, which is not here";
    case PluginHome::kUnknown:
      break;
  }
  return "is not known here; plugins in Lua are not supported yet";
}

}  // namespace tollgate::schema
