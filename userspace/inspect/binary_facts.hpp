// BATON of stage 3: what is inside one binary. Plain data; nothing here refers to the file any more.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "inspect/runtime.hpp"
#include "inspect/type_table.hpp"

namespace inspect {

enum class Architecture { kAmd64, kArm64 };

// One entry of the function table. `name` has escapes resolved: "github.com/nats-io/nats.go.(*Conn).publish".
struct Function {
  std::string name;
  VirtualAddress entry{};
  std::uint64_t size = 0;
  std::int32_t arguments_size = -1;  // bytes of arguments, results and spill space on the stack; -1 unknown
  bool assembly = false;             // ABI0: arguments are on the stack, R14 is not g
  bool writes_sp = false;            // SPWRITE: the unwinder gives up here
  bool wrapper = false;              // made by the compiler: (*T).M of a value method, -fm, ...
  Runtime runtime = Runtime::kGo;
  std::uint32_t inlined_copies = 0;  // callers that hold an inlined copy; a probe does not see those calls
};

// One leading word of the arguments, from FUNCDATA_ArgInfo: where the compiler would spill it.
struct ArgumentWord {
  std::uint32_t offset = 0;  // from the first stack argument
  std::uint32_t size = 0;

  bool operator==(const ArgumentWord&) const = default;
};

// A call of a function that the compiler replaced by a copy of its body.
struct InlinedCopy {
  std::string caller;
  std::optional<VirtualAddress> site;  // an instruction of the caller that runs once for each call
  std::string instruction;             // text
  std::string unusable;                // why there is no such instruction; empty: there is
};

struct NamedParameter {
  std::string name;
  TypeId type = TypeId::kNone;
};

// A variable that a closure captured: what lies in the closure's object, to which RDX points at the entry.
struct CapturedVariable {
  std::string name;             // "&name": the address of the variable, not a copy
  TypeId type = TypeId::kNone;  // of what lies there
  std::uint64_t offset = 0;
};

// A function's parameters and results with names, from DWARF. The receiver is the first parameter.
struct DebugSignature {
  std::vector<NamedParameter> parameters;
  std::vector<NamedParameter> results;
  std::vector<CapturedVariable> captured;
};

// What only the functions that a probe names are asked for.
struct FunctionDetails {
  // The instruction that allocates the frame: registers hold the arguments and it runs once per call.
  // For functions without a frame, the first instruction.
  std::optional<VirtualAddress> entry_site;
  std::string entry_instruction;             // text, e.g. "push rbp"
  std::vector<VirtualAddress> return_sites;  // every RET, in address order; pcsp delta is 0 at each
  std::string unusable;                      // why this function cannot be probed at all; empty: it can
  std::string no_returns;                    // why its returns cannot be probed; empty: they can
  std::vector<ArgumentWord> argument_words;  // empty: unknown
  std::vector<std::string> inlined_into;     // names of callers holding an inlined copy
  std::optional<DebugSignature> debug_signature;
};

// A loadable part of the file: virtual address <-> file offset.
struct Segment {
  VirtualAddress address{};
  FileOffset offset{};
  std::uint64_t file_size = 0;
  std::uint64_t memory_size = 0;
  bool executable = false;
};

// [start, end)
struct AddressRange {
  VirtualAddress start{};
  VirtualAddress end{};

  bool operator==(const AddressRange&) const = default;
};

struct Module {
  std::string path;
  std::string version;
};

struct BinaryFacts {
  Architecture architecture = Architecture::kAmd64;
  Runtime runtime = Runtime::kNative;
  std::string go_version;             // "go1.25.4", "" where unknown
  bool position_independent = false;  // ET_DYN: addresses need the process's load bias
  bool stripped = true;               // no symbol table
  bool has_dwarf = false;
  std::string build_id;
  std::vector<Module> modules;  // from build info; the main module first
  std::vector<Segment> segments;
  std::vector<AddressRange> self_checked_code;       // a breakpoint here ends the program at its start
  std::vector<Function> functions;                   // sorted by entry
  std::map<std::uint32_t, FunctionDetails> details;  // by index into `functions`; the wanted ones only
  // Functions without a body of their own: every call is an inlined copy. Name -> number of callers.
  std::map<std::string, std::uint32_t> inlined_only;
  // By name of the function, those of which the copies are wanted, with a body of their own or without.
  std::map<std::string, std::vector<InlinedCopy>> inlined_copies;
  TypeTable types;
  // itab address -> (interface type's name, concrete type); of interfaces with methods
  std::map<std::uint64_t, TypeId> itab_types;
  // Variables that runtime.allgadd uses: one is runtime.allgs, the list of all goroutines. Which one shows in
  // a running process.
  std::vector<VirtualAddress> goroutine_list_candidates;
  // Generic functions take a dictionary before (1.18, 1.19) or after (1.20 on) the receiver.
  bool dictionary_after_receiver = true;

  // The file offset of an address, where some segment holds it.
  [[nodiscard]] std::optional<FileOffset> file_offset_of(VirtualAddress address) const;

  [[nodiscard]] bool checks_itself_at(VirtualAddress address) const;
};

}  // namespace inspect
