#include "collect/fold_process.hpp"

#include <bpf/bpf.h>

#include <cstddef>
#include <vector>

#include "abi/maps.h"
#include "collect/fold_series.hpp"
#include "collect/fold_unwound.hpp"
#include "collect/label_values.hpp"
#include "collect/read_maps.hpp"

namespace collect {
namespace {

using base::Result;

Result<> delete_objects(const attach::CountedBinary& binary, std::uint32_t process,
                        bool with_process_labels) {
  ASSIGN_OR_RETURN(const std::vector<RawObject> objects, read_objects(binary));
  for (const RawObject& object : objects) {
    const object_key key{.process = process, .object = object.object, .address = object.address};
    // A label of the process belongs to no address.
    if (object.process == process && (with_process_labels || object.address != 0)) {
      bpf_map_delete_elem(binary.maps.objects.value(), &key);
    }
  }
  return {};
}

}  // namespace

base::Result<> forget_calls(const attach::CountedBinary& binary, std::uint32_t process) {
  ASSIGN_OR_RETURN(const std::vector<RawFrame> frames, read_frames(binary));
  for (const RawFrame& frame : frames) {
    if (frame.process == process) {
      const goroutine_key key{.process = process, .pad = 0, .goroutine = frame.goroutine};
      bpf_map_delete_elem(binary.maps.goroutines.value(), &key);
    }
  }
  return delete_objects(binary, process, false);
}

base::Result<> fold_process(const attach::CountedBinary& binary, std::uint32_t process, Fold which) {
  for (std::size_t i = 0; i < binary.probes.size(); ++i) {
    const plan::PlannedProbe& planned = binary.plan.probes[i];
    if (!binary.probes[i].maps.series ||
        (which == Fold::kWithoutProcessLabels && has_process_labels(planned))) {
      continue;
    }
    RETURN_IF_ERROR(fold_series(binary.probes[i], planned, process));
    RETURN_IF_ERROR(fold_unwound(binary, binary.probes[i].number, process));
  }
  return which == Fold::kAll ? delete_objects(binary, process, true) : Result<>{};
}

base::Result<> discard_process(const attach::CountedBinary& binary, std::uint32_t process) {
  for (std::size_t i = 0; i < binary.probes.size(); ++i) {
    if (binary.probes[i].maps.series) {
      RETURN_IF_ERROR(discard_series(binary.probes[i], binary.plan.probes[i], process));
    }
  }
  return delete_objects(binary, process, true);
}

base::Result<> resume_folds(const attach::CountedBinary& binary) {
  for (std::size_t i = 0; i < binary.probes.size(); ++i) {
    if (binary.probes[i].maps.series) {
      RETURN_IF_ERROR(resume_series(binary.probes[i], binary.plan.probes[i]));
    }
  }
  return resume_unwound(binary);
}

}  // namespace collect
