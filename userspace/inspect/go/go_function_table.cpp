#include "inspect/go/go_function_table.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>

namespace inspect {
namespace {

using base::ByteReader;
using base::ByteView;
using base::ErrorCode;
using base::fail;
using base::Result;

// internal/abi/symtab.go: PCLnTabMagic. Go 1.18 replaced entry addresses by offsets, 1.20 kept the layout.
constexpr std::uint32_t kMagicGo12 = 0xfffffffb;
constexpr std::uint32_t kMagicGo116 = 0xfffffffa;
constexpr std::uint32_t kMagicGo118 = 0xfffffff0;
constexpr std::uint32_t kMagicGo120 = 0xfffffff1;

constexpr std::uint64_t kHeaderSize = 8 + 8 * 8;
constexpr std::uint64_t kTableAlignment = 8;
constexpr std::uint64_t kMaxNameLength = 64ULL * 1024;
constexpr std::uint32_t kNoTable = 0xffffffff;

bool is_known_magic(std::uint32_t magic) {
  return magic == kMagicGo118 || magic == kMagicGo120 || magic == kMagicGo12 || magic == kMagicGo116;
}

// Magic, two zero bytes, the instruction quantum, the pointer size.
bool looks_like_table(ByteView bytes) {
  return is_known_magic(bytes.at<std::uint32_t>(0).value_or(0)) && bytes.at<std::uint16_t>(4) == 0 &&
         (bytes.at<std::uint8_t>(6) == 1 || bytes.at<std::uint8_t>(6) == 4) && bytes.at<std::uint8_t>(7) == 8;
}

struct Candidate {
  VirtualAddress address;
  ByteView bytes;
};

std::vector<Candidate> named_tables(const ElfImage& image) {
  // The second name: position-independent executables up to Go 1.25.
  constexpr std::array<std::string_view, 2> kNames = {".gopclntab", ".data.rel.ro.gopclntab"};
  std::vector<Candidate> found;
  for (const std::string_view name : kNames) {
    if (const Section* section = image.section(name); section != nullptr) {
      found.push_back({section->address, image.contents(*section)});
    }
  }
  return found;
}

// External linking merges the table into .data.rel.ro, and the section headers can be gone altogether.
std::vector<Candidate> scanned_tables(const ElfImage& image) {
  std::vector<Candidate> found;
  for (const Segment& segment : image.segments()) {
    const std::uint64_t start = value_of(segment.address);
    const ByteView bytes = image.bytes_at(segment.address);
    const std::uint64_t misalignment = (kTableAlignment - start % kTableAlignment) % kTableAlignment;
    for (std::uint64_t at = misalignment; at + kHeaderSize <= bytes.size(); at += kTableAlignment) {
      if (is_known_magic(bytes.at<std::uint32_t>(at).value_or(0)) && looks_like_table(bytes.rest(at))) {
        found.push_back({static_cast<VirtualAddress>(start + at), bytes.rest(at)});
      }
    }
  }
  return found;
}

}  // namespace

Result<GoFunctionTable> GoFunctionTable::find(const ElfImage& image) {
  std::vector<Candidate> candidates = named_tables(image);
  const bool has_section = !candidates.empty();
  if (!has_section) {
    candidates = scanned_tables(image);
  }
  base::Error last_error{ErrorCode::kNotFound, "no Go function table (pclntab)"};
  for (const Candidate& candidate : candidates) {
    GoFunctionTable table;
    table.address_ = candidate.address;
    const Result<> read = table.read(candidate.bytes);
    if (read) {
      return table;
    }
    // A stray magic in a file without Go is no reason to call the file corrupt; a section with that name is.
    if (has_section || read.error().code == ErrorCode::kUnsupported) {
      last_error = read.error();
    }
  }
  return std::unexpected(last_error);
}

VirtualAddress GoFunctionTable::name_table_address() const {
  return static_cast<VirtualAddress>(value_of(address_) + name_table_offset_);
}

const FunctionRecord* GoFunctionTable::record_at(std::uint64_t entry_offset) const {
  const auto found = std::ranges::lower_bound(records_, entry_offset, {}, &FunctionRecord::entry_offset);
  return found != records_.end() && found->entry_offset == entry_offset ? &*found : nullptr;
}

const FunctionRecord* GoFunctionTable::record_containing(std::uint64_t offset) const {
  const auto after = std::ranges::upper_bound(records_, offset, {}, &FunctionRecord::entry_offset);
  if (after == records_.begin()) {
    return nullptr;
  }
  const FunctionRecord& record = *std::prev(after);
  return offset - record.entry_offset < record.size ? &record : nullptr;
}

Result<> GoFunctionTable::read(ByteView table) {
  if (!looks_like_table(table)) {
    return fail(ErrorCode::kUnsupported,
                "the Go function table has an unknown magic {:#x}: the program is garbled (garble changes "
                "it) or made "
                "by a Go version newer than this exporter",
                table.at<std::uint32_t>(0).value_or(0));
  }
  ByteReader header(table);
  const auto magic = header.read<std::uint32_t>();
  if (magic == kMagicGo12 || magic == kMagicGo116) {
    return fail(ErrorCode::kUnsupported, "built by Go {}; Go 1.18 or newer is needed",
                magic == kMagicGo12 ? "1.15 or older" : "1.16 or 1.17");
  }
  since_go_1_20_ = magic == kMagicGo120;
  header.skip(2);
  pc_quantum_ = header.read<std::uint8_t>();
  header.skip(1);
  const auto function_count = header.read<std::uint64_t>();
  header.skip(8 + 8);  // nfiles; textStart, which is 0 since Go 1.26: moduledata knows
  std::array<std::uint64_t, 5> offsets{};
  for (std::uint64_t& offset : offsets) {
    offset = header.read<std::uint64_t>();
  }
  if (!header.ok() || offsets[0] < kHeaderSize || !std::ranges::is_sorted(offsets) ||
      offsets[4] >= table.size()) {
    return fail(ErrorCode::kCorruptBinary, "the Go function table's header is not consistent with its size");
  }
  name_table_offset_ = offsets[0];
  names_ = table.rest(offsets[0]).first(offsets[1] - offsets[0]);
  units_ = table.rest(offsets[1]).first(offsets[2] - offsets[1]);
  files_ = table.rest(offsets[2]).first(offsets[3] - offsets[2]);
  pc_tables_ = table.rest(offsets[3]).first(offsets[4] - offsets[3]);
  functions_ = table.rest(offsets[4]);
  return read_records(function_count);
}

// The table starts with pairs {entry, offset of the record}, both u32, and ends with the end of the last
// function.
Result<> GoFunctionTable::read_records(std::uint64_t count) {
  constexpr std::uint64_t kPairSize = 8;
  if (count == 0 || count > functions_.size() / kPairSize) {
    return fail(ErrorCode::kCorruptBinary, "the Go function table claims {} functions in {} bytes", count,
                functions_.size());
  }
  records_.reserve(count);
  ByteReader pairs(functions_);
  std::uint64_t next_free = 0;
  for (std::uint64_t index = 0; index < count; ++index) {
    const auto entry = pairs.read<std::uint32_t>();
    const auto offset = pairs.read<std::uint32_t>();
    const std::uint32_t end = functions_.at<std::uint32_t>(pairs.position()).value_or(0);
    std::optional<FunctionRecord> record = read_record(offset);
    // Records lie one behind the other: anything else would let a small file claim endless functions.
    if (!record || record->entry_offset != entry || end < entry || offset < next_free) {
      return fail(ErrorCode::kCorruptBinary, "function {} of {} in the Go function table is not consistent",
                  index, count);
    }
    next_free = offset + 40ULL + record->tables.size();
    record->size = end - entry;
    records_.push_back(*record);
  }
  return {};
}

std::optional<FunctionRecord> GoFunctionTable::read_record(std::uint32_t offset) const {
  ByteReader reader(functions_.rest(offset));
  FunctionRecord record;
  record.entry_offset = reader.read<std::uint32_t>();
  record.name_offset = reader.read<std::uint32_t>();
  record.arguments_size = reader.read<std::int32_t>();
  reader.skip(4);  // deferreturn
  record.pcsp = reader.read<std::uint32_t>();
  record.pcfile = reader.read<std::uint32_t>();
  reader.skip(4);  // pcln
  record.pcdata_count = reader.read<std::uint32_t>();
  record.unit_offset = reader.read<std::uint32_t>();
  if (since_go_1_20_) {
    reader.skip(4);  // startLine
  }
  record.func_id = reader.read<std::uint8_t>();
  record.flags = reader.read<std::uint8_t>();
  reader.skip(1);
  record.funcdata_count = reader.read<std::uint8_t>();
  record.tables = reader.take(4ULL * record.pcdata_count + 4ULL * record.funcdata_count);
  return reader.ok() ? std::optional(record) : std::nullopt;
}

std::string_view GoFunctionTable::name_at(std::uint32_t name_offset) const {
  return names_.c_string(name_offset, kMaxNameLength).value_or("");
}

std::string_view GoFunctionTable::file_of(const FunctionRecord& record) const {
  const std::vector<PcValue> values = pc_values(record.pcfile, record.size);
  if (values.empty() || values.front().value < 0) {
    return "";
  }
  const std::uint64_t unit_entry =
      std::uint64_t{record.unit_offset} + static_cast<std::uint32_t>(values.front().value);
  const std::optional<std::uint32_t> file_offset = units_.at<std::uint32_t>(4 * unit_entry);
  return file_offset ? files_.c_string(*file_offset, kMaxNameLength).value_or("") : "";
}

std::vector<PcValue> GoFunctionTable::stack_deltas(const FunctionRecord& record) const {
  return pc_values(record.pcsp, record.size);
}

std::vector<PcValue> GoFunctionTable::pc_data(const FunctionRecord& record, PcData which) const {
  const auto index = static_cast<std::uint32_t>(which);
  if (index >= record.pcdata_count) {
    return {};
  }
  return pc_values(record.tables.at<std::uint32_t>(4ULL * index).value_or(0), record.size);
}

std::optional<std::uint32_t> GoFunctionTable::func_data(const FunctionRecord& record, FuncData which) const {
  const auto index = static_cast<std::uint32_t>(which);
  if (index >= record.funcdata_count) {
    return std::nullopt;
  }
  const auto offset = record.tables.at<std::uint32_t>(4ULL * (record.pcdata_count + index));
  return offset == kNoTable ? std::nullopt : offset;
}

// runtime/symtab.go, pcvalue and step: pairs {zig-zag value delta, pc delta}, ended by a value delta of 0.
std::vector<PcValue> GoFunctionTable::pc_values(std::uint32_t table_offset,
                                                std::uint32_t function_size) const {
  std::vector<PcValue> values;
  if (table_offset == 0) {
    return values;
  }
  ByteReader reader(pc_tables_.rest(table_offset));
  std::uint64_t pc = 0;
  std::int64_t value = -1;
  while (pc < function_size) {
    const std::uint64_t zigzag = reader.read_uvarint();
    const std::uint64_t pc_delta = reader.read_uvarint() * pc_quantum_;
    if (!reader.ok() || (zigzag == 0 && !values.empty()) || pc_delta == 0) {
      break;
    }
    value += static_cast<std::int64_t>(zigzag >> 1U) ^ -static_cast<std::int64_t>(zigzag & 1U);
    pc = std::min<std::uint64_t>(pc + std::min<std::uint64_t>(pc_delta, function_size), function_size);
    values.push_back({static_cast<std::uint32_t>(pc), static_cast<std::int32_t>(value)});
  }
  return values;
}

// cmd/internal/objabi/path.go: PathToPrefix.
std::string unescaped(std::string_view linker_name) {
  std::string name;
  name.reserve(linker_name.size());
  while (!linker_name.empty()) {
    const std::size_t percent = std::min(linker_name.find('%'), linker_name.size());
    name += linker_name.substr(0, percent);
    linker_name.remove_prefix(percent);
    unsigned code = 0;
    const std::string_view digits = linker_name.substr(0, 3);
    if (digits.size() == 3 &&
        std::from_chars(digits.data() + 1, digits.data() + 3, code, 16).ptr == digits.data() + 3) {
      name += static_cast<char>(code);
      linker_name.remove_prefix(3);
    } else if (!linker_name.empty()) {
      name += linker_name.front();
      linker_name.remove_prefix(1);
    }
  }
  return name;
}

}  // namespace inspect
