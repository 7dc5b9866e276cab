#include "inspect/elf/elf_image.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>

#include "inspected_file.hpp"
#include "support/elf_builder.hpp"
#include "support/go_fixture.hpp"
#include "support/result_matchers.hpp"

namespace inspect {
namespace {

using base::ErrorCode;
using support::ElfBuilder;
using support::IsError;
using ::testing::HasSubstr;

struct ReadelfSection {
  std::string name;
  std::uint64_t address = 0;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

// "  [ 1] .text PROGBITS 0000000000401000 001000 07a1b3 00 AX 0 0 32"
std::vector<ReadelfSection> sections_by_readelf(const std::string& path) {
  std::vector<ReadelfSection> sections;
  for (std::string line : lines_of("readelf -SW " + path)) {
    const std::size_t bracket = line.find(']');
    if (line.find('[') > 3 || bracket == std::string::npos) {
      continue;
    }
    std::istringstream words(line.substr(bracket + 1));
    ReadelfSection section;
    std::string type;
    if (words >> section.name >> type >> std::hex >> section.address >> section.offset >> section.size &&
        section.name.starts_with('.')) {
      sections.push_back(section);
    }
  }
  return sections;
}

TEST(ElfImage, HasTheSectionsThatReadelfHas) {
  for (const char* flavour : {"plain", "pie-stripped"}) {
    const std::string path = support::built({"1.26.8", flavour});
    const base::MappedFile file = mapped(path);
    ASSERT_OK_AND_ASSIGN(const ElfImage image, ElfImage::parse(file.bytes()));
    const std::vector<ReadelfSection> expected = sections_by_readelf(path);
    EXPECT_GT(expected.size(), 10U);
    for (const ReadelfSection& section : expected) {
      const Section* found = image.section(section.name);
      ASSERT_NE(found, nullptr) << section.name;
      EXPECT_EQ(value_of(found->address), section.address) << section.name;
      EXPECT_EQ(found->offset, section.offset) << section.name;
      EXPECT_EQ(found->size, section.size) << section.name;
    }
  }
}

TEST(ElfImage, AppliesTheRelocationsThatReadelfLists) {
  const std::string path = support::built({"1.26.8", "pie-stripped"});
  const base::MappedFile file = mapped(path);
  ASSERT_OK_AND_ASSIGN(const ElfImage image, ElfImage::parse(file.bytes()));
  EXPECT_TRUE(image.position_independent());
  std::size_t checked = 0;
  // "0000001e1000  000000000008 R_X86_64_RELATIVE                    a1b2c0"
  for (const std::string& line : lines_of("readelf -rW " + path)) {
    std::istringstream words(line);
    std::uint64_t address = 0;
    std::string info;
    std::string type;
    std::uint64_t value = 0;
    if (words >> std::hex >> address >> info >> type >> value && type == "R_X86_64_RELATIVE") {
      ASSERT_EQ(image.pointer_at(static_cast<VirtualAddress>(address)), value) << line;
      ++checked;
    }
  }
  EXPECT_GT(checked, 1000U);
}

TEST(ElfImage, ReadsTheBuildIdThatReadelfPrints) {
  const std::string path = support::built({"1.26.8", "external"});
  const base::MappedFile file = mapped(path);
  ASSERT_OK_AND_ASSIGN(const ElfImage image, ElfImage::parse(file.bytes()));
  std::string expected;
  for (const std::string& line : lines_of("readelf -nW " + path)) {
    if (const std::size_t at = line.find("Build ID: "); at != std::string::npos) {
      expected = line.substr(at + 10);
    }
  }
  EXPECT_FALSE(expected.empty());
  EXPECT_EQ(image.build_id(), expected);
}

TEST(ElfImage, FindsBytesByAddressOnlyWhereTheFileHasThem) {
  const std::vector<std::byte> file =
      ElfBuilder().code(0x401000, "\x90\xc3").data(0x601000, "12345678", 64).build();
  ASSERT_OK_AND_ASSIGN(const ElfImage image, ElfImage::parse(file));
  EXPECT_EQ(image.bytes_at(VirtualAddress{0x401001}).text(), "\xc3");
  EXPECT_EQ(image.bytes_at(VirtualAddress{0x601006}).text(), "78");
  EXPECT_TRUE(image.bytes_at(VirtualAddress{0x601008}).empty());  // memory without bytes in the file (.bss)
  EXPECT_TRUE(image.bytes_at(VirtualAddress{0x400fff}).empty());
  EXPECT_TRUE(image.is_executable(VirtualAddress{0x401000}));
  EXPECT_FALSE(image.is_executable(VirtualAddress{0x601000}));
  EXPECT_EQ(image.pointer_at(VirtualAddress{0x601000}), 0x3837363534333231U);
  EXPECT_EQ(image.pointer_at(VirtualAddress{0x601001}), std::nullopt);
}

TEST(ElfImage, RefusesWhatItCannotRead) {
  struct Case {
    std::string name;
    std::vector<std::byte> file;
    ErrorCode code;
    std::string message;
  };

  const std::vector<std::byte> good = ElfBuilder().code(0x401000, "\xc3").build();
  const auto changed = [&good](std::size_t at, std::uint8_t value) {
    std::vector<std::byte> file = good;
    file.at(at) = std::byte{value};
    return file;
  };
  const std::vector<Case> cases = {
      {"empty", {}, ErrorCode::kUnsupported, "not an ELF file"},
      {"text", std::vector<std::byte>(100, std::byte{'x'}), ErrorCode::kUnsupported, "not an ELF file"},
      {"32 bit", changed(4, 1), ErrorCode::kUnsupported, "not a 64-bit little-endian ELF file"},
      {"big-endian", changed(5, 2), ErrorCode::kUnsupported, "not a 64-bit little-endian ELF file"},
      {"object file", changed(16, 1), ErrorCode::kUnsupported, "neither an executable nor a shared library"},
      {"RISC-V", changed(18, 243), ErrorCode::kUnsupported, "built for ELF machine 243"},
      {"header only",
       {good.begin(), good.begin() + 40},
       ErrorCode::kCorruptBinary,
       "the ELF header is cut off"},
      {"no segments", changed(56, 0), ErrorCode::kCorruptBinary, "no loadable segment"},
      {"table cut off", changed(56, 200), ErrorCode::kCorruptBinary, "the program header table is cut off"},
  };
  for (const Case& test : cases) {
    EXPECT_THAT(ElfImage::parse(test.file), IsError(test.code, HasSubstr(test.message))) << test.name;
  }
}

// The headers are Elf64_Ehdr at 0 and one Elf64_Phdr at 64, which are 120 bytes; the code is 8 more.
TEST(ElfImage, KnowsTheSizeThatItsHeadersSpeakOf) {
  const std::vector<std::byte> whole = ElfBuilder().code(0x401000, "12345678").build();
  std::vector<std::byte> with_sections = whole;
  with_sections.at(41) = std::byte{1};   // e_shoff: 256
  with_sections.at(58) = std::byte{64};  // e_shentsize
  with_sections.at(60) = std::byte{3};   // e_shnum
  std::vector<std::byte> beyond_all = whole;
  std::fill_n(beyond_all.begin() + 96, 8, std::byte{0xff});  // p_filesz

  struct Case {
    std::string name;
    std::vector<std::byte> file;
    std::uint64_t size;
  };

  for (const Case& test : {Case{"whole", whole, 128}, Case{"cut", {whole.begin(), whole.end() - 3}, 128},
                           Case{"sections behind the end", with_sections, 256 + 3 * 64},
                           Case{"more than there are numbers", beyond_all, ~std::uint64_t{0}}}) {
    ASSERT_OK_AND_ASSIGN(const ElfImage image, ElfImage::parse(test.file));
    EXPECT_EQ(image.declared_size(), test.size) << test.name;
  }
}

TEST(ElfImage, KeepsOfASegmentWhatTheFileHas) {
  std::vector<std::byte> file = ElfBuilder().code(0x401000, "12345678").build();
  file.resize(file.size() - 3);
  ASSERT_OK_AND_ASSIGN(const ElfImage image, ElfImage::parse(file));
  EXPECT_EQ(image.segments().at(0).file_size, 5U);
  EXPECT_EQ(image.segments().at(0).memory_size, 8U);
  EXPECT_EQ(image.bytes_at(VirtualAddress{0x401001}).text(), "2345");
}

TEST(ElfImage, RecognisesArm64) {
  std::vector<std::byte> file = ElfBuilder().code(0x401000, "\xc3").build();
  file.at(18) = std::byte{183};
  ASSERT_OK_AND_ASSIGN(const ElfImage image, ElfImage::parse(file));
  EXPECT_EQ(image.architecture(), Architecture::kArm64);
}

}  // namespace
}  // namespace inspect
