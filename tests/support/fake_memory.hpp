// The memory of a program that does not exist.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <string_view>

namespace support {

class FakeMemory {
 public:
  // `size` zero bytes; their address.
  std::uint64_t allocate(std::size_t size) {
    const std::uint64_t address = next_;
    for (std::size_t i = 0; i < size; ++i) {
      bytes_[address + i] = std::byte{0};
    }
    next_ += (size + 63) / 64 * 64 + 64;
    return address;
  }

  template <class T>
  void put(std::uint64_t address, T value) {
    const auto source = std::as_bytes(std::span(&value, 1));
    for (std::size_t i = 0; i < source.size(); ++i) {
      bytes_[address + i] = source[i];
    }
  }

  // The bytes of a text; their address.
  std::uint64_t text(std::string_view text) {
    const std::uint64_t address = allocate(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
      bytes_[address + i] = static_cast<std::byte>(text[i]);
    }
    return address;
  }

  // A Go string at `address`.
  void put_string(std::uint64_t address, std::string_view text) {
    put<std::uint64_t>(address, this->text(text));
    put<std::uint64_t>(address + 8, text.size());
  }

  bool read(std::uint64_t address, std::span<std::byte> to) const {
    ++reads;
    for (std::size_t i = 0; i < to.size(); ++i) {
      const auto found = bytes_.find(address + i);
      if (found == bytes_.end()) {
        return false;
      }
      to[i] = found->second;
    }
    return true;
  }

  mutable int reads = 0;

 private:
  std::map<std::uint64_t, std::byte> bytes_;
  std::uint64_t next_ = 0xc000000000;
};

}  // namespace support
