// Who may read the metrics, and how: exporter-toolkit's web configuration file
// (https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md), key by key.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace config {

enum class ClientAuth {
  kNoClientCert,
  kRequestClientCert,
  kRequireAnyClientCert,
  kVerifyClientCertIfGiven,
  kRequireAndVerifyClientCert,
};

enum class TlsVersion { kTls10, kTls11, kTls12, kTls13 };

struct TlsServerConfig {
  // Paths, already joined with the folder of the file that names them.
  std::string cert_file;
  std::string key_file;
  std::string client_ca_file;  // "" for none
  ClientAuth client_auth = ClientAuth::kNoClientCert;
  std::vector<std::string> client_allowed_sans;  // empty: any
  TlsVersion min_version = TlsVersion::kTls12;
  TlsVersion max_version = TlsVersion::kTls13;
  std::vector<std::string> cipher_suites;  // Go's names; empty: GnuTLS's choice
  std::vector<std::string> curves;         // Go's names, the best first; empty: GnuTLS's choice
  bool prefer_server_cipher_suites = true;

  bool operator==(const TlsServerConfig&) const = default;
};

struct WebConfig {
  std::optional<TlsServerConfig> tls;          // nothing: plain HTTP
  std::map<std::string, std::string> headers;  // added to every response
  std::map<std::string, std::string> users;    // name -> bcrypt hash; empty: no password is asked for

  bool operator==(const WebConfig&) const = default;
};

}  // namespace config
