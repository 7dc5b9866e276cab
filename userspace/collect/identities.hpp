// Labels that belong to a process and were learnt by a probe: "gateway_id" of process 7 is
// "gateway-service-211".
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "attach/attached_binary.hpp"
#include "collect/read_maps.hpp"

namespace collect {

class Identities {
 public:
  void add(const attach::CountedBinary& binary, const std::vector<RawObject>& objects);

  // None: not learnt yet.
  [[nodiscard]] std::optional<std::string> find(std::uint32_t process, const std::string& label) const;

 private:
  std::map<std::pair<std::uint32_t, std::string>, std::string> learnt_;
};

}  // namespace collect
