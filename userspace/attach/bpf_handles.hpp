// Owners of libbpf objects. Destroying a link detaches it; the kernel does the same when the exporter dies.
#pragma once

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <memory>

#include "base/error.hpp"
#include "base/unique_fd.hpp"

namespace attach {

struct LinkDeleter {
  void operator()(bpf_link* link) const { bpf_link__destroy(link); }
};

using LinkHandle = std::unique_ptr<bpf_link, LinkDeleter>;

struct RingBufferDeleter {
  void operator()(ring_buffer* buffer) const { ring_buffer__free(buffer); }
};

using RingBufferHandle = std::unique_ptr<ring_buffer, RingBufferDeleter>;

// A descriptor of `map` that outlives the object it was loaded with.
[[nodiscard]] base::Result<base::UniqueFd> keep_map(const bpf_map* map);

// The same for a program.
[[nodiscard]] base::Result<base::UniqueFd> keep_program(const bpf_program* program);

}  // namespace attach
