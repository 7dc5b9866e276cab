#include "expose/tls_priority.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/result_matchers.hpp"

namespace expose {
namespace {

using config::TlsServerConfig;
using config::TlsVersion;

std::string priority(const TlsServerConfig& config) {
  const auto result = tls_priority(config);
  return result ? *result : result.error().message;
}

TEST(TlsPriority, DefaultsToTheTwoSafeVersions) {
  EXPECT_EQ(priority({}), "NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.3:%SERVER_PRECEDENCE");
}

TEST(TlsPriority, HasWhatIsConfigured) {
  EXPECT_EQ(priority({.min_version = TlsVersion::kTls10,
                      .max_version = TlsVersion::kTls12,
                      .cipher_suites = {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
                                        "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"},
                      .curves = {"X25519", "CurveP384"},
                      .prefer_server_cipher_suites = false}),
            "NORMAL:-VERS-ALL:+VERS-TLS1.0:+VERS-TLS1.1:+VERS-TLS1.2:-KX-ALL:-CIPHER-ALL:-MAC-ALL"
            ":+ECDHE-RSA:+AES-256-GCM:+AEAD:+ECDHE-ECDSA:+AES-128-CBC:+SHA1:-GROUP-ALL:+GROUP-X25519:+GROUP-"
            "SECP384R1");
}

TEST(TlsPriority, RefusesWhatGnuTlsDoesNotKnow) {
  EXPECT_THAT(
      priority({.cipher_suites = {"TLS_RSA_WITH_RC4_128_SHA"}}),
      testing::StartsWith(
          "cipher_suites: unknown \"TLS_RSA_WITH_RC4_128_SHA\"; known are: TLS_AES_128_GCM_SHA256, "));
  EXPECT_EQ(priority({.curves = {"P256"}}),
            "curve_preferences: unknown \"P256\"; known are: CurveP256, CurveP384, CurveP521, X25519");
}

}  // namespace
}  // namespace expose
