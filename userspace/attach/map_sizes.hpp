// Which maps there are, and how large those of a probe program are: decided here, from its spec, and nowhere
// else.
#pragma once

#include "abi/probe_spec.h"

struct probe;  // the skeletons
struct processes;

namespace attach {

// Bytes of a key of the map of unwound calls.
[[nodiscard]] __u32 unwound_key_size(const probe_spec& spec);

// The object declares all maps; those of binaries and probes are made with their own sizes later.
void create_shared_maps_only(const processes& skeleton);

// Before the load. Of the spec only frame_stride matters.
void size_binary_maps(const probe& skeleton, const probe_spec& spec, __u32 in_flight_limit);

// key_size, slots and series_limit matter.
void size_probe_maps(const probe& skeleton, const probe_spec& spec);

}  // namespace attach
