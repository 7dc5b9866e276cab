#include "expose/tls_priority.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace expose {
namespace {

// Go's name (crypto/tls, CipherSuites()) and what it is made of (gnutls_priority_init(3)).
struct Suite {
  std::string_view name;
  std::string_view parts;
};

constexpr std::array kSuites{
    Suite{"TLS_AES_128_GCM_SHA256", ":+AES-128-GCM:+AEAD"},
    Suite{"TLS_AES_256_GCM_SHA384", ":+AES-256-GCM:+AEAD"},
    Suite{"TLS_CHACHA20_POLY1305_SHA256", ":+CHACHA20-POLY1305:+AEAD"},
    Suite{"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", ":+ECDHE-ECDSA:+AES-128-CBC:+SHA1"},
    Suite{"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", ":+ECDHE-ECDSA:+AES-256-CBC:+SHA1"},
    Suite{"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", ":+ECDHE-RSA:+AES-128-CBC:+SHA1"},
    Suite{"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", ":+ECDHE-RSA:+AES-256-CBC:+SHA1"},
    Suite{"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", ":+ECDHE-ECDSA:+AES-128-GCM:+AEAD"},
    Suite{"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", ":+ECDHE-ECDSA:+AES-256-GCM:+AEAD"},
    Suite{"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", ":+ECDHE-RSA:+AES-128-GCM:+AEAD"},
    Suite{"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", ":+ECDHE-RSA:+AES-256-GCM:+AEAD"},
    Suite{"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", ":+ECDHE-RSA:+CHACHA20-POLY1305:+AEAD"},
    Suite{"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", ":+ECDHE-ECDSA:+CHACHA20-POLY1305:+AEAD"},
};

constexpr std::array kCurves{
    Suite{"CurveP256", ":+GROUP-SECP256R1"},
    Suite{"CurveP384", ":+GROUP-SECP384R1"},
    Suite{"CurveP521", ":+GROUP-SECP521R1"},
    Suite{"X25519", ":+GROUP-X25519"},
};

// By TlsVersion.
constexpr std::array<std::string_view, 4> kVersions{":+VERS-TLS1.0", ":+VERS-TLS1.1", ":+VERS-TLS1.2",
                                                    ":+VERS-TLS1.3"};

base::Result<std::string> parts_of(const std::vector<std::string>& names, const auto& known,
                                   std::string_view key) {
  std::string parts;
  for (const std::string& name : names) {
    const auto found = std::ranges::find(known, name, &Suite::name);
    if (found == known.end()) {
      std::vector<std::string_view> all;
      std::ranges::transform(known, std::back_inserter(all), &Suite::name);
      return base::fail(base::ErrorCode::kInvalidConfig, "{}: unknown \"{}\"; known are: {}", key, name,
                        fmt::join(all, ", "));
    }
    parts += found->parts;
  }
  return parts;
}

}  // namespace

base::Result<std::string> tls_priority(const config::TlsServerConfig& config) {
  std::string priority = "NORMAL:-VERS-ALL";
  for (auto version = static_cast<std::size_t>(config.min_version);
       version <= static_cast<std::size_t>(config.max_version); ++version) {
    priority += kVersions.at(version);
  }
  if (!config.cipher_suites.empty()) {
    ASSIGN_OR_RETURN(const std::string suites, parts_of(config.cipher_suites, kSuites, "cipher_suites"));
    priority += ":-KX-ALL:-CIPHER-ALL:-MAC-ALL" + suites;
  }
  if (!config.curves.empty()) {
    ASSIGN_OR_RETURN(const std::string curves, parts_of(config.curves, kCurves, "curve_preferences"));
    priority += ":-GROUP-ALL" + curves;
  }
  if (config.prefer_server_cipher_suites) {
    priority += ":%SERVER_PRECEDENCE";
  }
  return priority;
}

}  // namespace expose
