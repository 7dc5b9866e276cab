// Labels that belong to a process and were learned by a probe: "gateway/gateway_id" of process 7 is
// "gateway-service-211".
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "attach/attached_binary.hpp"
#include "collect/process_table.hpp"
#include "collect/read_maps.hpp"

namespace collect {

// One process label as a probe has learned it.
struct LearnedLabel {
  std::uint32_t process = 0;
  std::string id;  // process_label_id()
  std::string value;

  bool operator==(const LearnedLabel&) const = default;
};

// What the probes of a binary have learned, of those `objects` that are process labels.
[[nodiscard]] std::vector<LearnedLabel> learned_labels(const attach::CountedBinary& binary,
                                                       const std::vector<RawObject>& objects);

// The same, read from the kernel, of processes of the binary's service that lack a label which its probes
// learn. A few system calls for each such process, none for the others.
[[nodiscard]] std::vector<LearnedLabel> read_new_labels(const attach::CountedBinary& binary,
                                                        const ProcessTable& processes);

// Process labels as a scrape sees them: what the table has, and what a binary's probes learned just now. The
// first value of a label holds for the life of its process.
class Identities {
 public:
  // `processes` outlives the result.
  explicit Identities(const ProcessTable& processes) : processes_(&processes) {}

  void add(const attach::CountedBinary& binary, const std::vector<RawObject>& objects);

  // None: not learned yet.
  [[nodiscard]] std::optional<std::string> find(std::uint32_t process, const std::string& id) const;

 private:
  const ProcessTable* processes_;
  std::map<std::pair<std::uint32_t, std::string>, std::string> learned_;
};

}  // namespace collect
