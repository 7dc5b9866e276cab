// first_instruction_count BINARY FUNCTION...: how often the first instructions of Go functions run, in every
// process of the binary. It is what a probe would count that ignores stack growth: the matrix holds its
// numbers against the exporter's. Prints "ready", waits for a line, prints "FUNCTION COUNT" for each. Its
// program is not the exporter's.
#include <bpf/bpf.h>
#include <fmt/core.h>
#include <linux/bpf.h>

#include <array>
#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

#include "attach/uprobe_multi.hpp"
#include "base/mapped_file.hpp"
#include "base/unique_fd.hpp"
#include "inspect/inspect_binary.hpp"
#include "plan/match/match_functions.hpp"

namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::UniqueFd;

// One counter for each function: sites of one function share it.
struct Sites {
  std::vector<unsigned long> offsets;
  std::vector<__u64> counters;
};

Result<Sites> first_instructions(const std::string& path, const std::vector<std::string>& names) {
  ASSIGN_OR_RETURN(const base::MappedFile file, base::MappedFile::open(path));
  ASSIGN_OR_RETURN(
      const inspect::BinaryFacts facts,
      inspect::inspect_binary(file.bytes(),
                              {.details = [](std::string_view name) { return name.starts_with("main."); },
                               .inlined_copies = {}}));
  Sites sites;
  for (std::size_t i = 0; i < names.size(); ++i) {
    ASSIGN_OR_RETURN(const plan::MatchedFunctions matched,
                     plan::match_functions(facts, std::array{names[i]}));
    for (const std::uint32_t function : matched.functions) {
      const auto offset = facts.file_offset_of(facts.functions[function].entry);
      if (!offset) {
        return fail(ErrorCode::kCorruptBinary, "{} is in no loaded part of the file", names[i]);
      }
      sites.offsets.push_back(value_of(*offset));
      sites.counters.push_back(i);
    }
  }
  return sites;
}

Result<UniqueFd> checked(int fd, const char* what) {
  if (fd < 0) {
    return fail(ErrorCode::kUnsupported, "{}: error {}", what, fd);
  }
  return UniqueFd(fd);
}

bpf_insn instruction(int code, int destination, int source, int offset, int immediate) {
  return {.code = static_cast<__u8>(code),
          .dst_reg = static_cast<__u8>(destination & 0xf),
          .src_reg = static_cast<__u8>(source & 0xf),
          .off = static_cast<__s16>(offset),
          .imm = immediate};
}

// counters[bpf_get_attach_cookie(ctx)] += 1
Result<UniqueFd> load_counting_program(const UniqueFd& counters) {
  const std::array<bpf_insn, 12> program = {
      instruction(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_get_attach_cookie),
      instruction(BPF_STX | BPF_W | BPF_MEM, BPF_REG_10, BPF_REG_0, -4, 0),
      instruction(BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, counters.value()),
      instruction(0, 0, 0, 0, 0),
      instruction(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_2, BPF_REG_10, 0, 0),
      instruction(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, -4),
      instruction(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem),
      instruction(BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, 2, 0),
      instruction(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_1, 0, 0, 1),
      instruction(BPF_STX | BPF_DW | BPF_ATOMIC, BPF_REG_0, BPF_REG_1, 0, BPF_ADD),
      instruction(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0),
      instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
  };
  LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = attach::kTraceUprobeMulti);
  return checked(
      bpf_prog_load(BPF_PROG_TYPE_KPROBE, "count_hits", "GPL", program.data(), program.size(), &options),
      "loading the program");
}

Result<UniqueFd> attach_to(const UniqueFd& program, const std::string& path, const Sites& sites) {
  LIBBPF_OPTS(bpf_link_create_opts, options);
  options.uprobe_multi.path = path.c_str();
  options.uprobe_multi.offsets = sites.offsets.data();
  options.uprobe_multi.cookies = sites.counters.data();
  options.uprobe_multi.cnt = static_cast<__u32>(sites.offsets.size());
  return checked(bpf_link_create(program.value(), 0, attach::kTraceUprobeMulti, &options), "attaching");
}

Result<> count(const std::string& path, const std::vector<std::string>& names) {
  ASSIGN_OR_RETURN(const Sites sites, first_instructions(path, names));
  ASSIGN_OR_RETURN(const UniqueFd counters,
                   checked(bpf_map_create(BPF_MAP_TYPE_ARRAY, "hits", sizeof(__u32), sizeof(__u64),
                                          static_cast<__u32>(names.size()), nullptr),
                           "making the counters"));
  ASSIGN_OR_RETURN(const UniqueFd program, load_counting_program(counters));
  ASSIGN_OR_RETURN(const UniqueFd link, attach_to(program, path, sites));
  std::cout << "ready" << std::endl;
  std::string line;
  std::getline(std::cin, line);
  for (__u32 i = 0; i < names.size(); ++i) {
    __u64 hits = 0;
    if (bpf_map_lookup_elem(counters.value(), &i, &hits) != 0) {
      return fail(ErrorCode::kUnsupported, "reading the counter of {}", names[i]);
    }
    fmt::print("{} {}\n", names[i], hits);
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "usage: first_instruction_count BINARY FUNCTION...\n");
    return 2;
  }
  if (const auto counted = count(argv[1], {argv + 2, argv + argc}); !counted) {
    fmt::print(stderr, "first_instruction_count: {}\n", counted.error().message);
    return 1;
  }
  return 0;
}
