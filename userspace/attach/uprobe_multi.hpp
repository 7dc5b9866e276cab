// Newer than the kernel headers of Debian 12.
#pragma once

#include <linux/bpf.h>

namespace attach {

// BPF_TRACE_UPROBE_MULTI of include/uapi/linux/bpf.h since 6.6.
inline constexpr auto kTraceUprobeMulti = static_cast<bpf_attach_type>(48);

}  // namespace attach
