#include "expose/tls_credentials.hpp"

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include <algorithm>
#include <array>
#include <utility>

#include "expose/tls_priority.hpp"

namespace expose {
namespace {

using config::ClientAuth;

base::Error tls_error(int code, std::string doing) {
  const bool missing = code == GNUTLS_E_FILE_ERROR;
  return {missing ? base::ErrorCode::kNotFound : base::ErrorCode::kInvalidConfig,
          fmt::format("{}: {}", doing, gnutls_strerror(code))};
}

gnutls_certificate_request_t request_for(ClientAuth auth) {
  switch (auth) {
    case ClientAuth::kNoClientCert:
      return GNUTLS_CERT_IGNORE;
    case ClientAuth::kRequestClientCert:
    case ClientAuth::kVerifyClientCertIfGiven:
      return GNUTLS_CERT_REQUEST;
    case ClientAuth::kRequireAnyClientCert:
    case ClientAuth::kRequireAndVerifyClientCert:
      return GNUTLS_CERT_REQUIRE;
  }
  return GNUTLS_CERT_REQUIRE;
}

// Whether the certificate chain leads to a trusted one, is valid today, and is meant for clients.
bool is_trusted(gnutls_session_t session) {
  gnutls_typed_vdata_st purpose{};
  std::string oid = GNUTLS_KP_TLS_WWW_CLIENT;
  purpose.type = GNUTLS_DT_KEY_PURPOSE_OID;
  purpose.data = reinterpret_cast<unsigned char*>(oid.data());
  unsigned status = 0;
  return gnutls_certificate_verify_peers(session, &purpose, 1, &status) == GNUTLS_E_SUCCESS && status == 0;
}

// The text of an alternative name of one of the kinds that the configuration can list; "" for others.
std::string san_text(unsigned kind, std::string_view value) {
  switch (kind) {
    case GNUTLS_SAN_DNSNAME:
    case GNUTLS_SAN_RFC822NAME:
    case GNUTLS_SAN_URI:
      return std::string(value);
    case GNUTLS_SAN_IPADDRESS: {
      std::array<char, INET6_ADDRSTRLEN> text{};
      const int family = value.size() == sizeof(in_addr) ? AF_INET : AF_INET6;
      const bool fits = family == AF_INET || value.size() == sizeof(in6_addr);
      return fits && inet_ntop(family, value.data(), text.data(), text.size()) != nullptr ? text.data() : "";
    }
    default:
      return "";
  }
}

bool has_allowed_san(const gnutls_datum_t& certificate, const std::vector<std::string>& allowed) {
  gnutls_x509_crt_t crt = nullptr;
  if (gnutls_x509_crt_init(&crt) != GNUTLS_E_SUCCESS) {
    return false;
  }
  const std::unique_ptr<gnutls_x509_crt_int, decltype(&gnutls_x509_crt_deinit)> owner(
      crt, &gnutls_x509_crt_deinit);
  if (gnutls_x509_crt_import(crt, &certificate, GNUTLS_X509_FMT_DER) != GNUTLS_E_SUCCESS) {
    return false;
  }
  std::array<char, 4096> value{};
  for (unsigned i = 0;; ++i) {
    std::size_t size = value.size();
    unsigned kind = 0;
    const int code = gnutls_x509_crt_get_subject_alt_name2(crt, i, value.data(), &size, &kind, nullptr);
    if (code == GNUTLS_E_SHORT_MEMORY_BUFFER) {
      continue;
    }
    if (code < 0) {
      return false;
    }
    const std::string text = san_text(kind, {value.data(), size});
    if (!text.empty() && std::ranges::find(allowed, text) != allowed.end()) {
      return true;
    }
  }
}

}  // namespace

struct TlsCredentials::Handles {
  Handles() = default;
  Handles(const Handles&) = delete;
  Handles& operator=(const Handles&) = delete;
  Handles(Handles&&) = delete;
  Handles& operator=(Handles&&) = delete;

  ~Handles() {
    if (credentials != nullptr) {
      gnutls_certificate_free_credentials(credentials);
    }
    if (priority != nullptr) {
      gnutls_priority_deinit(priority);
    }
  }

  gnutls_certificate_credentials_t credentials = nullptr;
  gnutls_priority_t priority = nullptr;
};

TlsCredentials::TlsCredentials(std::unique_ptr<Handles> handles, const config::TlsServerConfig& config)
    : handles_(std::move(handles)),
      client_auth_(config.client_auth),
      allowed_sans_(config.client_allowed_sans) {}

TlsCredentials::~TlsCredentials() = default;

base::Result<std::shared_ptr<const TlsCredentials>> TlsCredentials::load(
    const config::TlsServerConfig& config) {
  ASSIGN_OR_RETURN(const std::string priority, tls_priority(config));
  auto handles = std::make_unique<Handles>();
  if (const int code = gnutls_priority_init(&handles->priority, priority.c_str(), nullptr); code < 0) {
    return std::unexpected(tls_error(code, fmt::format("TLS settings ({})", priority)));
  }
  if (const int code = gnutls_certificate_allocate_credentials(&handles->credentials); code < 0) {
    return std::unexpected(tls_error(code, "TLS"));
  }
  if (const int code = gnutls_certificate_set_x509_key_file(handles->credentials, config.cert_file.c_str(),
                                                            config.key_file.c_str(), GNUTLS_X509_FMT_PEM);
      code < 0) {
    return std::unexpected(
        tls_error(code, fmt::format("reading certificate {} and key {}", config.cert_file, config.key_file)));
  }
  if (!config.client_ca_file.empty()) {
    const int found = gnutls_certificate_set_x509_trust_file(
        handles->credentials, config.client_ca_file.c_str(), GNUTLS_X509_FMT_PEM);
    if (found <= 0) {
      return std::unexpected(tls_error(found < 0 ? found : GNUTLS_E_NO_CERTIFICATE_FOUND,
                                       fmt::format("reading client_ca_file {}", config.client_ca_file)));
    }
  }
  gnutls_certificate_set_verify_function(handles->credentials, verify_client);
  return std::shared_ptr<const TlsCredentials>(new TlsCredentials(std::move(handles), config));
}

void TlsCredentials::use_in(gnutls_session_int* session) const {
  gnutls_priority_set(session, handles_->priority);
  gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, handles_->credentials);
  gnutls_certificate_server_set_request(session, request_for(client_auth_));
  gnutls_session_set_ptr(session, const_cast<TlsCredentials*>(this));
}

// GnuTLS asks during the handshake; whatever is not 0 ends it.
int TlsCredentials::verify_client(gnutls_session_int* session) {
  const auto* self = static_cast<const TlsCredentials*>(gnutls_session_get_ptr(session));
  unsigned count = 0;
  const gnutls_datum_t* chain = gnutls_certificate_get_peers(session, &count);
  if (chain == nullptr || count == 0) {
    // One that is required and missing has been refused before.
    return request_for(self->client_auth_) == GNUTLS_CERT_REQUIRE ? GNUTLS_E_CERTIFICATE_REQUIRED : 0;
  }
  const bool must_verify = self->client_auth_ == ClientAuth::kVerifyClientCertIfGiven ||
                           self->client_auth_ == ClientAuth::kRequireAndVerifyClientCert;
  if (must_verify && !is_trusted(session)) {
    return GNUTLS_E_CERTIFICATE_ERROR;
  }
  if (!self->allowed_sans_.empty() && !has_allowed_san(chain[0], self->allowed_sans_)) {
    return GNUTLS_E_CERTIFICATE_ERROR;
  }
  return 0;
}

}  // namespace expose
