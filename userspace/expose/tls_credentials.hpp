// Certificates and rules of a TLS server.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "config/web_config.hpp"

struct gnutls_session_int;

namespace expose {

class TlsCredentials {
 public:
  // Reads the files that `config` names. Error: a file that cannot be read, a key that does not fit its
  // certificate, a suite or curve that GnuTLS does not have.
  static base::Result<std::shared_ptr<const TlsCredentials>> load(const config::TlsServerConfig& config);

  TlsCredentials(const TlsCredentials&) = delete;
  TlsCredentials& operator=(const TlsCredentials&) = delete;
  TlsCredentials(TlsCredentials&&) = delete;
  TlsCredentials& operator=(TlsCredentials&&) = delete;
  ~TlsCredentials();

  // To be called before the handshake; these credentials outlive the session.
  void use_in(gnutls_session_int* session) const;

 private:
  struct Handles;
  TlsCredentials(std::unique_ptr<Handles> handles, const config::TlsServerConfig& config);
  static int verify_client(gnutls_session_int* session);

  std::unique_ptr<Handles> handles_;
  config::ClientAuth client_auth_;
  std::vector<std::string> allowed_sans_;
};

}  // namespace expose
