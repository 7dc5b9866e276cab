// Labels of processes, kept beside the processes' records: every generation of every unit finds them there,
// and so does the next exporter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "attach/process_watch.hpp"
#include "base/error.hpp"

namespace units {

// collect::process_label_id() -> value.
using ProcessLabels = std::map<std::string, std::string>;

[[nodiscard]] ProcessLabels read_process_labels(const attach::SharedMaps& maps, std::uint32_t process);

// Adds one to the `kept` that the process has already. Error: it cannot be kept for the next exporter, as
// there is no room or its name is too long.
[[nodiscard]] base::Result<> keep_process_label(const attach::SharedMaps& maps, std::uint32_t process,
                                                std::size_t kept, const std::string& id,
                                                const std::string& value);

void forget_process_labels(const attach::SharedMaps& maps, std::uint32_t process);

}  // namespace units
