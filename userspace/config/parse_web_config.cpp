#include "config/parse_web_config.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include "config/read_config_file.hpp"
#include "config/read_yaml.hpp"
#include "config/yaml_reader.hpp"

namespace config {
namespace {

constexpr std::string_view kTlsOwner = "tls_server_config";
constexpr std::string_view kHttpOwner = "http_server_config";
constexpr std::string_view kUsersOwner = "basic_auth_users";

// The words of a key and what they mean; the index is the enumerator.
constexpr std::array<std::string_view, 5> kClientAuthNames{"NoClientCert", "RequestClientCert",
                                                           "RequireAnyClientCert", "VerifyClientCertIfGiven",
                                                           "RequireAndVerifyClientCert"};
constexpr std::array<std::string_view, 4> kVersionNames{"TLS10", "TLS11", "TLS12", "TLS13"};

template <class Enum>
Enum value_of(const std::string& word, const auto& names) {
  return static_cast<Enum>(std::ranges::find(names, word) - names.begin());
}

class TlsSection {
 public:
  TlsSection(const YamlNode& node, const std::filesystem::path& folder, const YamlReader& reader)
      : node_(node), folder_(folder), reader_(reader) {}

  TlsServerConfig read() {
    TlsServerConfig tls;
    tls.cert_file = file("cert_file", reader_.require(node_, owner_, "cert_file", "server.crt"));
    tls.key_file = file("key_file", reader_.require(node_, owner_, "key_file", "server.key"));
    tls.client_ca_file = file("client_ca_file", find_value(node_, "client_ca_file"));
    read_client_auth(tls);
    read_versions(tls);
    tls.cipher_suites = words("cipher_suites");
    tls.curves = words("curve_preferences");
    tls.client_allowed_sans = words("client_allowed_sans");
    if (const YamlNode* const prefer = find_value(node_, "prefer_server_cipher_suites")) {
      tls.prefer_server_cipher_suites =
          reader_.boolean(*prefer, {owner_, "prefer_server_cipher_suites"}).value_or(true);
    }
    check_clients(tls);
    return tls;
  }

 private:
  std::string file(const std::string& key, const YamlNode* value) const {
    if (value == nullptr) {
      return "";
    }
    const std::string path = reader_.text(*value, {owner_, key}).value_or("");
    if (path.empty() && value->kind == YamlNode::Kind::kScalar) {
      reader_.problems().add(value->position, "{}: \"{}\" is empty; it must name a file", owner_, key);
    }
    return path.empty() ? "" : (folder_ / path).string();
  }

  std::vector<std::string> words(const std::string& key) const {
    std::vector<std::string> found;
    if (const YamlNode* const list = find_value(node_, key)) {
      for (LocatedText& word : reader_.texts(*list, {owner_, key})) {
        found.push_back(std::move(word.text));
      }
    }
    return found;
  }

  void read_client_auth(TlsServerConfig& tls) const {
    const YamlNode* const node = find_value(node_, "client_auth_type");
    if (node == nullptr) {
      return;
    }
    // exporter-toolkit still takes the old name of RequireAnyClientCert.
    const auto word = node->text == "RequireClientCert"
                          ? "RequireAnyClientCert"
                          : reader_.one_of(*node, {owner_, "client_auth_type"},
                                           {kClientAuthNames[0], kClientAuthNames[1], kClientAuthNames[2],
                                            kClientAuthNames[3], kClientAuthNames[4]});
    if (word) {
      tls.client_auth = value_of<ClientAuth>(*word, kClientAuthNames);
    }
  }

  TlsVersion version(const std::string& key, TlsVersion otherwise) const {
    const YamlNode* const node = find_value(node_, key);
    const auto word =
        node == nullptr
            ? std::nullopt
            : reader_.one_of(*node, {owner_, key},
                             {kVersionNames[0], kVersionNames[1], kVersionNames[2], kVersionNames[3]});
    return word ? value_of<TlsVersion>(*word, kVersionNames) : otherwise;
  }

  void read_versions(TlsServerConfig& tls) const {
    tls.min_version = version("min_version", tls.min_version);
    tls.max_version = version("max_version", tls.max_version);
    if (tls.min_version > tls.max_version) {
      reader_.problems().add(node_.position,
                             "{}: \"min_version\" is above \"max_version\"; no client could connect", owner_);
    }
  }

  // A rule that cannot take effect would let everybody in without a word.
  void check_clients(const TlsServerConfig& tls) const {
    const bool verifies = tls.client_auth == ClientAuth::kVerifyClientCertIfGiven ||
                          tls.client_auth == ClientAuth::kRequireAndVerifyClientCert;
    const bool requires_one = tls.client_auth == ClientAuth::kRequireAnyClientCert ||
                              tls.client_auth == ClientAuth::kRequireAndVerifyClientCert;
    if (!tls.client_ca_file.empty() && tls.client_auth == ClientAuth::kNoClientCert) {
      reader_.problems().add(
          node_.position,
          "{}: \"client_ca_file\" without \"client_auth_type\" checks nobody; write client_auth_type: "
          "RequireAndVerifyClientCert",
          owner_);
    }
    if (verifies && tls.client_ca_file.empty()) {
      reader_.problems().add(node_.position,
                             "{}: \"client_auth_type\" needs a \"client_ca_file\" to verify by", owner_);
    }
    if (!tls.client_allowed_sans.empty() && !requires_one) {
      reader_.problems().add(node_.position,
                             "{}: \"client_allowed_sans\" needs \"client_auth_type\" RequireAnyClientCert or "
                             "RequireAndVerifyClientCert",
                             owner_);
    }
  }

  const YamlNode& node_;
  const std::filesystem::path& folder_;
  const YamlReader& reader_;
  std::string owner_{kTlsOwner};
};

std::optional<TlsServerConfig> parse_tls(const YamlNode& node, const std::filesystem::path& folder,
                                         const YamlReader& reader) {
  if (!reader.expect_mapping(node, std::string(kTlsOwner),
                             {"cert_file", "key_file", "client_auth_type", "client_ca_file",
                              "client_allowed_sans", "min_version", "max_version", "cipher_suites",
                              "prefer_server_cipher_suites", "curve_preferences"})) {
    return std::nullopt;
  }
  return TlsSection(node, folder, reader).read();
}

void parse_headers(const YamlNode& node, const YamlReader& reader, WebConfig& config) {
  const std::string owner = std::string(kHttpOwner) + ": headers";
  if (!reader.expect_mapping(node, owner,
                             {"Strict-Transport-Security", "X-Content-Type-Options", "X-Frame-Options",
                              "X-XSS-Protection", "Content-Security-Policy"})) {
    return;
  }
  for (const YamlEntry& entry : node.entries) {
    const std::string& name = entry.key.text;
    const Field field{owner, name};
    auto value = name == "X-Content-Type-Options" ? reader.one_of(entry.value, field, {"nosniff"})
                 : name == "X-Frame-Options"      ? reader.one_of(entry.value, field, {"deny", "sameorigin"})
                                                  : reader.text(entry.value, field);
    if (!value) {
      continue;
    }
    if (std::ranges::any_of(*value,
                            [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; })) {
      reader.problems().add(entry.value.position, "{}: \"{}\" has control characters; a header is one line",
                            owner, name);
    } else {
      config.headers.emplace(name, std::move(*value));
    }
  }
}

void parse_http(const YamlNode& node, const YamlReader& reader, WebConfig& config) {
  const std::string owner(kHttpOwner);
  if (!reader.expect_mapping(node, owner, {"http2", "headers"})) {
    return;
  }
  if (const YamlNode* const http2 = find_value(node, "http2")) {
    // Read, so that the same file serves all exporters; HTTP/1.1 is what is spoken here.
    (void)reader.boolean(*http2, {owner, "http2"});
  }
  if (const YamlNode* const headers = find_value(node, "headers")) {
    parse_headers(*headers, reader, config);
  }
}

void parse_users(const YamlNode& node, const YamlReader& reader, WebConfig& config) {
  static const RE2 kBcryptHash(R"(\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53})");
  const std::string owner(kUsersOwner);
  if (!reader.expect_names(node, {"the file", owner})) {
    return;
  }
  for (const YamlEntry& entry : node.entries) {
    const std::string& name = entry.key.text;
    // The hash itself is a secret and stays out of messages.
    if (entry.value.kind != YamlNode::Kind::kScalar || !RE2::FullMatch(entry.value.text, kBcryptHash)) {
      reader.problems().add(entry.value.position,
                            "{}: \"{}\" has no bcrypt hash; make one with: htpasswd -nBC 10 \"\" | tr -d ':'",
                            owner, name);
    } else if (name.find(':') != std::string::npos) {
      reader.problems().add(entry.key.position, "{}: \"{}\": the name of a user cannot have a colon", owner,
                            name);
    } else {
      config.users.emplace(name, entry.value.text);
    }
  }
}

WebConfig read_sections(const YamlNode& root, const std::filesystem::path& folder, const YamlReader& reader) {
  WebConfig config;
  if (!reader.expect_mapping(root, "the file", {kTlsOwner, kHttpOwner, kUsersOwner})) {
    return config;
  }
  if (const YamlNode* const tls = find_value(root, kTlsOwner)) {
    config.tls = parse_tls(*tls, folder, reader);
  }
  if (const YamlNode* const http = find_value(root, kHttpOwner)) {
    parse_http(*http, reader, config);
  }
  if (const YamlNode* const users = find_value(root, kUsersOwner)) {
    parse_users(*users, reader, config);
  }
  return config;
}

}  // namespace

base::Result<WebConfig> parse_web_config(std::string_view yaml, const std::string& file_name) {
  Problems problems;
  WebConfig config;
  const std::optional<YamlNode> root = read_yaml(yaml, problems);
  if (root && root->kind != YamlNode::Kind::kNull) {
    config =
        read_sections(*root, std::filesystem::path(file_name).parent_path(), YamlReader(yaml, &problems));
  }
  if (!problems.empty()) {
    return std::unexpected(problems.error(file_name));
  }
  return config;
}

base::Result<WebConfig> load_web_config(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, read_config_file(path));
  return parse_web_config(text, path);
}

}  // namespace config
