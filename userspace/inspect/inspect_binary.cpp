#include "inspect/inspect_binary.hpp"

#include <utility>

#include "base/mapped_file.hpp"
#include "inspect/dwarf/dwarf_index.hpp"
#include "inspect/elf/elf_image.hpp"
#include "inspect/go/go_function_table.hpp"
#include "inspect/go/go_program.hpp"
#include "inspect/go/go_self_checked_code.hpp"
#include "inspect/native/native_program.hpp"

namespace inspect {
namespace {

using base::ErrorCode;
using base::Result;

BinaryFacts facts_of_file(const ElfImage& image) {
  BinaryFacts facts;
  facts.architecture = image.architecture();
  facts.position_independent = image.position_independent();
  facts.stripped = !image.has_symbol_table();
  facts.has_dwarf = image.section(".debug_info") != nullptr || image.section(".zdebug_info") != nullptr;
  facts.build_id = image.build_id();
  facts.segments = image.segments();
  facts.self_checked_code = find_self_checked_code(image);
  return facts;
}

Result<> check_is_whole(const ElfImage& image) {
  if (image.declared_size() > image.file().size()) {
    return base::fail(
        ErrorCode::kCorruptBinary,
        "the file is cut short: it has {} bytes, and its headers speak of {}; copy or build it again",
        image.file().size(), image.declared_size());
  }
  return {};
}

}  // namespace

Result<BinaryFacts> inspect_binary(std::span<const std::byte> file, const Wanted& wanted) {
  ASSIGN_OR_RETURN(const ElfImage image, ElfImage::parse(file));
  BinaryFacts facts = facts_of_file(image);
  const Result<GoFunctionTable> functions = GoFunctionTable::find(image);
  if (!functions) {
    // Else a Go program without its second half were a program in another language.
    RETURN_IF_ERROR(check_is_whole(image));
  }
  if (functions) {
    RETURN_IF_ERROR(read_go_program(image, *functions, wanted, facts));
  } else if (functions.error().code == ErrorCode::kNotFound) {
    RETURN_IF_ERROR(read_native_program(image, wanted.details, facts));
  } else {
    return std::unexpected(functions.error());
  }
  add_debug_signatures(image, facts);
  return facts;
}

base::Result<BinaryFacts> inspect_file(const std::string& path, const Wanted& wanted) {
  ASSIGN_OR_RETURN(const base::MappedFile file, base::MappedFile::open(path));
  auto facts = inspect_binary(file.bytes(), wanted);
  if (auto whole = file.check_whole(); !whole) {
    return base::with_context(std::move(whole.error()), "inspecting {}", path);  // whatever came out
  }
  if (!facts) {
    return base::with_context(std::move(facts.error()), "inspecting {}", path);
  }
  return facts;
}

}  // namespace inspect
