// The web configuration file and the certificates that it names, read again when one of them changes.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/log.hpp"
#include "config/file_state.hpp"
#include "expose/web_access.hpp"

namespace app {

class WebConfigFile {
 public:
  // `log` outlives it.
  static base::Result<std::unique_ptr<WebConfigFile>> open(std::string path, base::Logger& log);

  // What holds now. Where the files have become wrong, what held before: the log says why, and a key that is
  // written after its certificate locks nobody out. May be called from several threads at once.
  [[nodiscard]] std::shared_ptr<const expose::WebAccess> current();

 private:
  WebConfigFile(std::string path, base::Logger& log) : path_(std::move(path)), log_(&log) {}

  [[nodiscard]] std::vector<config::FileState> states() const;
  [[nodiscard]] base::Result<> read_again();

  std::string path_;
  base::Logger* log_;  // owned by the caller
  std::mutex mutex_;   // guards what follows
  std::vector<std::string> files_;
  std::vector<config::FileState> seen_;
  std::shared_ptr<const expose::WebAccess> access_;
};

}  // namespace app
