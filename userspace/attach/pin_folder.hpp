// A folder of a BPF file system: what is pinned there outlives the exporter. Links are never pinned: the
// kernel detaches them when the exporter dies, before anybody can overwrite a probed file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/unique_fd.hpp"

namespace attach {

class PinFolder {
 public:
  // Nowhere: pins are forgotten, nothing is found.
  PinFolder() = default;

  // Makes the folder where it does not exist, for its owner alone. kUnsupported: that is no BPF file system.
  static base::Result<PinFolder> open(std::string path);

  [[nodiscard]] bool is_somewhere() const { return !path_.empty(); }

  [[nodiscard]] const std::string& path() const { return path_; }

  // A folder inside, made where it does not exist. Names have letters, digits and "_": bpffs refuses dots.
  [[nodiscard]] base::Result<PinFolder> folder(std::string_view name) const;

  // The same, and nothing is made: of a folder that does not exist nothing is found.
  [[nodiscard]] PinFolder existing(std::string_view name) const;

  [[nodiscard]] std::vector<std::string> names() const;

  // In place of what has that name.
  [[nodiscard]] base::Result<> pin(int map, std::string_view name) const;

  // kNotFound: there is none.
  [[nodiscard]] base::Result<base::UniqueFd> get(std::string_view name) const;

  // Bytes, as the value of a map of their own; at once in place of what has that name.
  [[nodiscard]] base::Result<> write(std::string_view name, std::string_view bytes) const;

  [[nodiscard]] base::Result<std::string> read(std::string_view name) const;

  // With all that is inside. The maps go when nobody holds them any more.
  void remove(std::string_view name) const;

 private:
  explicit PinFolder(std::string path) : path_(std::move(path)) {}

  [[nodiscard]] std::string at(std::string_view name) const;

  std::string path_;
};

}  // namespace attach
