#include "app/web_config_file.hpp"

#include <algorithm>
#include <utility>

#include "config/parse_web_config.hpp"

namespace app {
namespace {

std::vector<std::string> files_of(const std::string& path, const config::WebConfig& config) {
  std::vector<std::string> files{path};
  if (config.tls) {
    files.push_back(config.tls->cert_file);
    files.push_back(config.tls->key_file);
    if (!config.tls->client_ca_file.empty()) {
      files.push_back(config.tls->client_ca_file);
    }
  }
  return files;
}

}  // namespace

base::Result<std::unique_ptr<WebConfigFile>> WebConfigFile::open(std::string path, base::Logger& log) {
  std::unique_ptr<WebConfigFile> file(new WebConfigFile(std::move(path), log));
  RETURN_IF_ERROR(file->read_again());
  return file;
}

std::shared_ptr<const expose::WebAccess> WebConfigFile::current() {
  const std::scoped_lock lock(mutex_);
  if (states() != seen_) {
    if (const auto result = read_again(); result) {
      log_->info("web configuration read again", {{"file", path_}});
    } else {
      log_->error("the web configuration has changed and is wrong; the one before stays in use",
                  {{"file", path_}, {"error", result.error().message}});
    }
  }
  return access_;
}

std::vector<config::FileState> WebConfigFile::states() const {
  std::vector<config::FileState> all;
  std::ranges::transform(files_, std::back_inserter(all), config::file_state);
  return all;
}

base::Result<> WebConfigFile::read_again() {
  // Before reading: what is written meanwhile shows at the next look.
  seen_ = states();
  ASSIGN_OR_RETURN(config::WebConfig config, config::load_web_config(path_));
  const std::vector<std::string> files = files_of(path_, config);
  if (files != files_) {
    files_ = files;
    seen_ = states();
  }
  if (access_ != nullptr && config.tls.has_value() != (access_->tls != nullptr)) {
    return base::fail(
        base::ErrorCode::kUnsupported,
        "{}: \"tls_server_config\" has {}; restart the exporter to change between HTTP and HTTPS", path_,
        config.tls ? "come" : "gone");
  }
  auto access = std::make_shared<expose::WebAccess>();
  if (config.tls) {
    auto credentials = expose::TlsCredentials::load(*config.tls);
    if (!credentials) {
      return base::with_context(std::move(credentials.error()), "{}", path_);
    }
    access->tls = std::move(*credentials);
  }
  access->config = std::move(config);
  access_ = std::move(access);
  return {};
}

}  // namespace app
