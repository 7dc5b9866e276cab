#include "inspect/elf/elf_image.hpp"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace inspect {
namespace {

using base::ByteReader;
using base::ByteView;
using base::ErrorCode;
using base::fail;
using base::Result;

// Real files have about a dozen; address lookups walk them all.
constexpr std::uint16_t kMaxProgramHeaders = 512;
constexpr std::uint64_t kMaxNameLength = 8ULL * 1024;
// A sparse file can declare more than anybody can read. Offsets in amd64 code reach 2 GiB.
constexpr std::uint64_t kMaxLoadable = 4ULL << 30U;
constexpr std::uint64_t kMaxTable = 256ULL << 20U;  // of symbols or relocations: about 11 million

Section read_section(ByteView header) {
  ByteReader reader(header);
  reader.skip(4);
  Section section;
  section.type = reader.read<std::uint32_t>();
  section.flags = reader.read<std::uint64_t>();
  section.address = static_cast<VirtualAddress>(reader.read<std::uint64_t>());
  section.offset = reader.read<std::uint64_t>();
  section.size = reader.read<std::uint64_t>();
  section.link = reader.read<std::uint32_t>();
  return section;
}

bool is_relative(Architecture architecture, std::uint64_t relocation_info) {
  const auto type = static_cast<std::uint32_t>(relocation_info);
  return type == (architecture == Architecture::kAmd64 ? R_X86_64_RELATIVE : R_AARCH64_RELATIVE);
}

}  // namespace

Result<ElfImage> ElfImage::parse(std::span<const std::byte> file) {
  ElfImage image(file);
  RETURN_IF_ERROR(image.read_header());
  if (image.position_independent_) {
    image.read_relocations();
  }
  return image;
}

Result<> ElfImage::read_header() {
  if (file_.first(4).text() !=
      "\x7f"
      "ELF") {
    return fail(ErrorCode::kUnsupported, "not an ELF file");
  }
  ByteReader header(file_.rest(4));
  const auto word_size = header.read<std::uint8_t>();
  const auto byte_order = header.read<std::uint8_t>();
  if (word_size != ELFCLASS64 || byte_order != ELFDATA2LSB) {
    return fail(ErrorCode::kUnsupported, "not a 64-bit little-endian ELF file; only amd64 can be probed");
  }
  header.skip(10);
  const auto type = header.read<std::uint16_t>();
  const auto machine = header.read<std::uint16_t>();
  header.skip(4 + 8);  // e_version, e_entry
  const auto segment_table = header.read<std::uint64_t>();
  const auto section_table = header.read<std::uint64_t>();
  header.skip(4 + 2);  // e_flags, e_ehsize
  const auto segment_entry_size = header.read<std::uint16_t>();
  const auto segment_count = header.read<std::uint16_t>();
  const auto section_entry_size = header.read<std::uint16_t>();
  const auto section_count = header.read<std::uint16_t>();
  const auto section_names = header.read<std::uint16_t>();
  if (!header.ok()) {
    return fail(ErrorCode::kCorruptBinary, "the ELF header is cut off");
  }
  if (type != ET_EXEC && type != ET_DYN) {
    return fail(ErrorCode::kUnsupported, "neither an executable nor a shared library (ELF type {})", type);
  }
  if (machine != EM_X86_64 && machine != EM_AARCH64) {
    return fail(ErrorCode::kUnsupported, "built for ELF machine {}; only amd64 can be probed", machine);
  }
  position_independent_ = type == ET_DYN;
  architecture_ = machine == EM_X86_64 ? Architecture::kAmd64 : Architecture::kArm64;
  RETURN_IF_ERROR(read_segments(segment_table, segment_entry_size, segment_count));
  declare(section_table, std::uint64_t{section_entry_size} * section_count);
  read_sections(section_table, section_entry_size, section_count, section_names);
  return {};
}

void ElfImage::declare(std::uint64_t offset, std::uint64_t size) {
  const std::uint64_t end =
      offset + size < offset ? std::numeric_limits<std::uint64_t>::max() : offset + size;
  declared_size_ = std::max(declared_size_, end);
}

Result<> ElfImage::read_segments(std::uint64_t table_offset, std::uint16_t entry_size, std::uint16_t count) {
  if (count > kMaxProgramHeaders || entry_size < sizeof(Elf64_Phdr)) {
    return fail(ErrorCode::kCorruptBinary, "{} program headers of {} bytes are not plausible", count,
                entry_size);
  }
  std::uint64_t loadable = 0;
  for (std::uint16_t index = 0; index < count; ++index) {
    ByteReader header(file_.rest(table_offset).rest(std::uint64_t{index} * entry_size));
    const auto type = header.read<std::uint32_t>();
    const auto flags = header.read<std::uint32_t>();
    const auto offset = header.read<std::uint64_t>();
    const auto address = header.read<std::uint64_t>();
    header.skip(8);  // p_paddr
    const auto file_size = header.read<std::uint64_t>();
    const auto memory_size = header.read<std::uint64_t>();
    if (!header.ok()) {
      return fail(ErrorCode::kCorruptBinary, "the program header table is cut off");
    }
    // A truncated file keeps the part of the segment that is there.
    const ByteView bytes = file_.rest(offset).first(file_size);
    if (type == PT_LOAD) {
      declare(offset, file_size);
      loadable += bytes.size();
      segments_.push_back({static_cast<VirtualAddress>(address), static_cast<FileOffset>(offset),
                           bytes.size(), memory_size, (flags & PF_X) != 0});
    } else if (type == PT_NOTE) {
      notes_.push_back(bytes);
    } else if (type == PT_DYNAMIC) {
      dynamic_ = bytes;
    }
  }
  if (segments_.empty()) {
    return fail(ErrorCode::kCorruptBinary, "no loadable segment");
  }
  if (loadable > kMaxLoadable) {
    return fail(ErrorCode::kUnsupported, "its segments have {} bytes; programs of up to {} are inspected",
                loadable, kMaxLoadable);
  }
  return {};
}

// Sections are an extra: a file without a readable section table is read through its segments.
void ElfImage::read_sections(std::uint64_t table_offset, std::uint16_t entry_size, std::uint64_t count,
                             std::uint64_t name_index) {
  const ByteView table = file_.rest(table_offset);
  if (table_offset == 0 || entry_size < sizeof(Elf64_Shdr) || !table.contains(0, count * entry_size) ||
      name_index >= count) {
    return;
  }
  const ByteView names = contents(read_section(table.rest(name_index * entry_size)));
  sections_.reserve(count);
  for (std::uint64_t index = 0; index < count; ++index) {
    const ByteView header = table.rest(index * entry_size);
    Section section = read_section(header);
    section.name = names.c_string(header.at<std::uint32_t>(0).value_or(0), kMaxNameLength).value_or("");
    sections_.push_back(section);
  }
}

// Only RELA needs a table. RELR (DT_RELR) lists words that the loader adds its bias to: the file has their
// values.
void ElfImage::read_relocations() {
  std::uint64_t rela = 0;
  std::uint64_t rela_size = 0;
  ByteReader dynamic(dynamic_);
  while (dynamic.ok() && dynamic.remaining() >= sizeof(Elf64_Dyn)) {
    const auto tag = dynamic.read<std::uint64_t>();
    const auto value = dynamic.read<std::uint64_t>();
    if (tag == DT_RELA) {
      rela = value;
    } else if (tag == DT_RELASZ) {
      rela_size = value;
    }
  }
  ByteReader entries(bytes_at(static_cast<VirtualAddress>(rela)).first(std::min(rela_size, kMaxTable)));
  while (entries.remaining() >= sizeof(Elf64_Rela)) {
    const auto address = entries.read<std::uint64_t>();
    const auto info = entries.read<std::uint64_t>();
    const auto addend = entries.read<std::uint64_t>();
    if (is_relative(architecture_, info)) {
      relocations_.push_back({address, addend});
    }
  }
  if (!std::ranges::is_sorted(relocations_, {}, &Relocation::address)) {
    std::ranges::sort(relocations_, {}, &Relocation::address);
  }
}

const Section* ElfImage::section(std::string_view name) const {
  const auto found = std::ranges::find(sections_, name, &Section::name);
  return found == sections_.end() ? nullptr : &*found;
}

bool ElfImage::is_executable(VirtualAddress address) const {
  return std::ranges::any_of(segments_, [address](const Segment& segment) {
    return segment.executable && value_of(address) >= value_of(segment.address) &&
           value_of(address) - value_of(segment.address) < segment.memory_size;
  });
}

ByteView ElfImage::contents(const Section& section) const {
  if (section.type == SHT_NOBITS) {
    return {};
  }
  return file_.part(section.offset, section.size).value_or(ByteView());
}

ByteView ElfImage::bytes_at(VirtualAddress address) const {
  for (const Segment& segment : segments_) {
    const std::uint64_t distance = value_of(address) - value_of(segment.address);
    if (value_of(address) >= value_of(segment.address) && distance < segment.file_size) {
      return file_.rest(value_of(segment.offset)).first(segment.file_size).rest(distance);
    }
  }
  return {};
}

std::optional<std::uint64_t> ElfImage::pointer_at(VirtualAddress address) const {
  if (!relocations_.empty()) {
    const auto found = std::ranges::lower_bound(relocations_, value_of(address), {}, &Relocation::address);
    if (found != relocations_.end() && found->address == value_of(address)) {
      return found->value;
    }
  }
  return bytes_at(address).at<std::uint64_t>(0);
}

std::vector<VirtualAddress> ElfImage::relocated_to(VirtualAddress target) const {
  std::vector<VirtualAddress> places;
  for (const Relocation& relocation : relocations_) {
    if (relocation.value == value_of(target)) {
      places.push_back(static_cast<VirtualAddress>(relocation.address));
    }
  }
  return places;
}

std::string ElfImage::build_id() const {
  std::string best;
  for (const ByteView notes : notes_) {
    const std::string id = build_id_in(notes);
    if (best.empty() || (!id.empty() && !id.contains('/'))) {  // Go's own id has slashes; GNU's is hex
      best = id;
    }
  }
  return best;
}

// Notes are {name size, description size, type, name, description}, each part padded to 4 bytes.
std::string ElfImage::build_id_in(ByteView notes) const {
  constexpr std::uint32_t kGoBuildId = 4;  // cmd/link/internal/ld/elf.go: ELF_NOTE_GOBUILDID_TAG
  constexpr std::uint64_t kMaxIdLength = 256;
  std::string go_id;
  ByteReader reader(notes);
  while (reader.ok() && reader.remaining() >= 12) {
    const std::uint64_t name_size = reader.read<std::uint32_t>();
    const std::uint64_t size = reader.read<std::uint32_t>();
    const auto type = reader.read<std::uint32_t>();
    const ByteView name = reader.take((name_size + 3) / 4 * 4);
    const ByteView id = reader.take(size).first(kMaxIdLength);
    reader.skip((4 - size % 4) % 4);
    if (name.text() == std::string_view("GNU\0", 4) && type == NT_GNU_BUILD_ID) {
      std::string hex;
      for (const std::byte byte : id.bytes()) {
        hex += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
      }
      return hex;
    }
    if (name.text() == std::string_view("Go\0\0", 4) && type == kGoBuildId) {
      go_id = id.text();
    }
  }
  return go_id;
}

std::vector<Symbol> ElfImage::symbols() const {
  std::vector<Symbol> symbols;
  const Section* table = section(".symtab");
  table = table != nullptr ? table : section(".dynsym");
  if (table == nullptr || table->link >= sections_.size()) {
    return symbols;
  }
  const ByteView names = contents(sections_[table->link]);
  ByteReader reader(contents(*table).first(kMaxTable));
  while (reader.remaining() >= sizeof(Elf64_Sym)) {
    const auto name = reader.read<std::uint32_t>();
    const auto info = reader.read<std::uint8_t>();
    reader.skip(1);
    const auto section_index = reader.read<std::uint16_t>();
    const auto address = reader.read<std::uint64_t>();
    const auto size = reader.read<std::uint64_t>();
    if (section_index != SHN_UNDEF) {
      symbols.push_back({names.c_string(name, kMaxNameLength).value_or(""),
                         static_cast<VirtualAddress>(address), size, ELF64_ST_TYPE(info) == STT_FUNC});
    }
  }
  return symbols;
}

}  // namespace inspect
