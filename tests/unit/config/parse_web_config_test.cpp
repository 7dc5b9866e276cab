#include "config/parse_web_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/result_matchers.hpp"
#include "support/temp_dir.hpp"

namespace config {
namespace {

using support::IsError;
using testing::HasSubstr;

constexpr const char* kHash = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";

// What is wrong with `yaml`, each line without the name of the file.
std::string problems(const std::string& yaml) {
  const auto parsed = parse_web_config(yaml, "web.yml");
  if (parsed) {
    return "none";
  }
  EXPECT_EQ(parsed.error().code, base::ErrorCode::kInvalidConfig);
  std::string text = parsed.error().message;
  for (std::size_t at = text.find("web.yml:"); at != std::string::npos; at = text.find("web.yml:")) {
    text.erase(at, 8);
  }
  return text;
}

TEST(ParseWebConfig, ReadsEveryKey) {
  const auto parsed = parse_web_config(R"(tls_server_config:
  cert_file: server.crt
  key_file: /etc/keys/server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.crt
  client_allowed_sans: [prometheus.example, 10.0.0.1]
  min_version: TLS13
  max_version: TLS13
  cipher_suites: [TLS_AES_128_GCM_SHA256]
  prefer_server_cipher_suites: false
  curve_preferences: [X25519, CurveP256]
http_server_config:
  http2: true
  headers:
    Strict-Transport-Security: max-age=31536000
    X-Content-Type-Options: nosniff
    X-Frame-Options: sameorigin
    X-XSS-Protection: "0"
    Content-Security-Policy: default-src 'none'
basic_auth_users:
  alice: )" + std::string(kHash),
                                       "/etc/exporter/web.yml");
  ASSERT_TRUE(parsed) << parsed.error().message;
  const WebConfig expected{.tls = TlsServerConfig{.cert_file = "/etc/exporter/server.crt",
                                                  .key_file = "/etc/keys/server.key",
                                                  .client_ca_file = "/etc/exporter/ca.crt",
                                                  .client_auth = ClientAuth::kRequireAndVerifyClientCert,
                                                  .client_allowed_sans = {"prometheus.example", "10.0.0.1"},
                                                  .min_version = TlsVersion::kTls13,
                                                  .max_version = TlsVersion::kTls13,
                                                  .cipher_suites = {"TLS_AES_128_GCM_SHA256"},
                                                  .curves = {"X25519", "CurveP256"},
                                                  .prefer_server_cipher_suites = false},
                           .headers = {{"Strict-Transport-Security", "max-age=31536000"},
                                       {"X-Content-Type-Options", "nosniff"},
                                       {"X-Frame-Options", "sameorigin"},
                                       {"X-XSS-Protection", "0"},
                                       {"Content-Security-Policy", "default-src 'none'"}},
                           .users = {{"alice", kHash}}};
  EXPECT_EQ(*parsed, expected);
}

TEST(ParseWebConfig, AsksForNothingByDefault) {
  for (const char* yaml : {"", "# nothing\n", "{}", "http_server_config: {}", "basic_auth_users: {}"}) {
    const auto parsed = parse_web_config(yaml, "web.yml");
    ASSERT_TRUE(parsed) << yaml << parsed.error().message;
    EXPECT_EQ(*parsed, WebConfig{}) << yaml;
  }
}

TEST(ParseWebConfig, TlsBeginsAtVersion12) {
  const auto parsed = parse_web_config("tls_server_config: { cert_file: a, key_file: b }", "web.yml");
  ASSERT_TRUE(parsed) << parsed.error().message;
  const TlsServerConfig expected{.cert_file = "a", .key_file = "b"};
  EXPECT_EQ(parsed->tls, expected);
  EXPECT_EQ(parsed->tls->min_version, TlsVersion::kTls12);
  EXPECT_EQ(parsed->tls->max_version, TlsVersion::kTls13);
}

TEST(ParseWebConfig, RefusesUnknownKeys) {
  EXPECT_EQ(problems("tls_config: {}"),
            "1:1: the file: unknown key \"tls_config\"; allowed: tls_server_config, http_server_config, "
            "basic_auth_users");
  EXPECT_THAT(
      problems("tls_server_config:\n  cert_file: a\n  key_file: b\n  min_versoin: TLS13\n"),
      HasSubstr("4:3: tls_server_config: unknown key \"min_versoin\"; allowed: cert_file, key_file, "));
  EXPECT_EQ(
      problems("http_server_config:\n  headers:\n    X-Powered-By: us\n"),
      "3:5: http_server_config: headers: unknown key \"X-Powered-By\"; allowed: Strict-Transport-Security, "
      "X-Content-Type-Options, X-Frame-Options, X-XSS-Protection, Content-Security-Policy");
}

TEST(ParseWebConfig, RefusesWrongValues) {
  EXPECT_EQ(problems("tls_server_config: { cert_file: a, key_file: b, min_version: TLS14 }"),
            "1:62: tls_server_config: \"min_version\" is \"TLS14\"; it must be one of TLS10, TLS11, TLS12, "
            "TLS13; did you "
            "mean \"TLS10\"?");
  EXPECT_EQ(
      problems("tls_server_config: { cert_file: a, key_file: b, min_version: TLS13, max_version: TLS12 }"),
      "1:20: tls_server_config: \"min_version\" is above \"max_version\"; no client could connect");
  EXPECT_EQ(problems("tls_server_config: { cert_file: \"\" }"),
            "1:20: tls_server_config has no \"key_file\"; write key_file: server.key\n"
            "1:33: tls_server_config: \"cert_file\" is empty; it must name a file");
  EXPECT_EQ(problems("http_server_config: { headers: { X-Frame-Options: allow } }"),
            "1:51: http_server_config: headers: \"X-Frame-Options\" is \"allow\"; it must be one of deny, "
            "sameorigin");
  EXPECT_EQ(
      problems("http_server_config: { headers: { X-XSS-Protection: \"0\\r\\nSet-Cookie: a\" } }"),
      "1:52: http_server_config: headers: \"X-XSS-Protection\" has control characters; a header is one line");
}

TEST(ParseWebConfig, RefusesRulesThatWouldLetEverybodyIn) {
  const std::string files = "tls_server_config: { cert_file: a, key_file: b, ";
  EXPECT_THAT(problems(files + "client_ca_file: c }"),
              HasSubstr("\"client_ca_file\" without \"client_auth_type\""));
  EXPECT_THAT(problems(files + "client_auth_type: RequireAndVerifyClientCert }"),
              HasSubstr("needs a \"client_ca_file\" to verify by"));
  EXPECT_THAT(
      problems(files +
               "client_auth_type: VerifyClientCertIfGiven, client_ca_file: c, client_allowed_sans: [x] }"),
      HasSubstr("\"client_allowed_sans\" needs"));
  EXPECT_EQ(problems(files + "client_auth_type: RequireClientCert, client_allowed_sans: [x] }"), "none");
}

TEST(ParseWebConfig, KeepsHashesOutOfMessages) {
  for (const char* hash : {"secret", "$2a$05$tooshort", "$1$abc$xyz", "[a]",
                           "$2a$99$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"}) {
    EXPECT_EQ(problems(std::string("basic_auth_users:\n  alice: ") + hash),
              "2:10: basic_auth_users: \"alice\" has no bcrypt hash; make one with: htpasswd -nBC 10 \"\" | "
              "tr -d ':'")
        << hash;
  }
  EXPECT_THAT(problems("basic_auth_users: { \"a:b\": \"" + std::string(kHash) + "\" }"),
              HasSubstr("cannot have a colon"));
}

TEST(ParseWebConfig, SaysWhichFileCannotBeRead) {
  EXPECT_THAT(load_web_config("/nowhere/web.yml"),
              IsError(base::ErrorCode::kNotFound, HasSubstr("opening config /nowhere/web.yml")));
}

}  // namespace
}  // namespace config
