#include "expose/basic_auth.hpp"

#include <crypt.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace expose {
namespace {

constexpr std::size_t kMaxRemembered = 100;

struct Login {
  std::string user;
  std::string password;
};

std::optional<std::string> decode_base64(std::string_view text) {
  const gnutls_datum_t encoded{.data = reinterpret_cast<unsigned char*>(const_cast<char*>(text.data())),
                               .size = static_cast<unsigned>(text.size())};
  gnutls_datum_t decoded{};
  if (text.empty() || gnutls_base64_decode2(&encoded, &decoded) != GNUTLS_E_SUCCESS) {
    return std::nullopt;
  }
  std::string bytes(reinterpret_cast<const char*>(decoded.data), decoded.size);
  gnutls_free(decoded.data);
  return bytes;
}

// "Basic dXNlcjpwYXNz"; the scheme's case does not matter.
std::optional<Login> parse_login(std::string_view authorization) {
  constexpr std::string_view kScheme = "basic ";
  if (authorization.size() < kScheme.size()) {
    return std::nullopt;
  }
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    const char c = authorization[i];
    if ((c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != kScheme[i]) {
      return std::nullopt;
    }
  }
  const auto text = decode_base64(authorization.substr(kScheme.size()));
  const std::size_t colon = text ? text->find(':') : std::string::npos;
  // crypt() takes a C string: what comes after a zero byte would not count.
  if (colon == std::string::npos || text->find('\0') != std::string::npos) {
    return std::nullopt;
  }
  return Login{.user = text->substr(0, colon), .password = text->substr(colon + 1)};
}

bool has_hash(const std::string& password, const std::string& hash) {
  const auto data = std::make_unique<crypt_data>();
  const char* computed = ::crypt_r(password.c_str(), hash.c_str(), data.get());
  if (computed == nullptr || std::string_view(computed).size() != hash.size()) {
    return false;
  }
  return gnutls_memcmp(computed, hash.data(), hash.size()) == 0;
}

std::string digest_of(const Login& login, const std::string& hash) {
  const std::string text = login.user + '\0' + hash + '\0' + login.password;
  std::array<char, 32> digest{};
  gnutls_hash_fast(GNUTLS_DIG_SHA256, text.data(), text.size(), digest.data());
  return {digest.data(), digest.size()};
}

}  // namespace

bool BasicAuth::allows(const std::map<std::string, std::string>& users, std::string_view authorization) {
  const std::optional<Login> login = parse_login(authorization);
  if (!login || users.empty()) {
    return false;
  }
  const auto found = users.find(login->user);
  const bool is_known = found != users.end();
  // A stranger's password is compared too, so that time does not tell which users there are.
  const std::string& hash = is_known ? found->second : users.begin()->second;
  std::string digest = digest_of(*login, hash);
  if (is_known && is_remembered(digest)) {
    return true;
  }
  bool right = false;
  {
    const std::scoped_lock lock(hashing_);
    right = has_hash(login->password, hash);
  }
  if (is_known && right) {
    remember(std::move(digest));
  }
  return is_known && right;
}

bool BasicAuth::is_remembered(const std::string& digest) {
  const std::scoped_lock lock(mutex_);
  return remembered_.contains(digest);
}

void BasicAuth::remember(std::string digest) {
  const std::scoped_lock lock(mutex_);
  if (remembered_.size() >= kMaxRemembered) {
    remembered_.clear();  // of hashes that were replaced since
  }
  remembered_.insert(std::move(digest));
}

}  // namespace expose
