// What a web configuration says of TLS, in GnuTLS's words.
#pragma once

#include <string>

#include "base/error.hpp"
#include "config/web_config.hpp"

namespace expose {

// A GnuTLS priority string. GnuTLS is told key exchanges, ciphers and MACs each for themselves, so a suite
// made of the parts of listed suites is possible too, and the ciphers hold for TLS 1.3 as well. Error: an
// unknown suite or curve.
[[nodiscard]] base::Result<std::string> tls_priority(const config::TlsServerConfig& config);

}  // namespace expose
