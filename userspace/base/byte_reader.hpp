// Bounds-checked little-endian access to bytes that nobody vouches for. Every parser of foreign bytes reads
// through these two; nothing else turns an offset into a pointer.
//
//   const ByteView header(file);
//   const std::optional<std::uint16_t> machine = header.at<std::uint16_t>(18);   // nullopt beyond the end
//   ByteReader reader(header.rest(24));
//   const auto entry = reader.read<std::uint64_t>();                             // 0 and !ok() beyond the
//   end
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

namespace base {

static_assert(std::endian::native == std::endian::little,
              "bytes are read as the little-endian host holds them");

class ByteView {
 public:
  ByteView() = default;

  explicit ByteView(std::span<const std::byte> bytes) : bytes_(bytes) {}

  [[nodiscard]] std::uint64_t size() const { return bytes_.size(); }

  [[nodiscard]] bool empty() const { return bytes_.empty(); }

  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

  [[nodiscard]] bool contains(std::uint64_t offset, std::uint64_t length) const {
    return offset <= size() && length <= size() - offset;
  }

  template <std::integral T>
  [[nodiscard]] std::optional<T> at(std::uint64_t offset) const {
    if (!contains(offset, sizeof(T))) {
      return std::nullopt;
    }
    T value;
    std::memcpy(&value, bytes_.subspan(offset).data(), sizeof(T));
    return value;
  }

  // Exactly `length` bytes, or nothing.
  [[nodiscard]] std::optional<ByteView> part(std::uint64_t offset, std::uint64_t length) const {
    return contains(offset, length) ? std::optional(ByteView(bytes_.subspan(offset, length))) : std::nullopt;
  }

  // Everything from `offset` on; empty when that is beyond the end.
  [[nodiscard]] ByteView rest(std::uint64_t offset) const {
    return offset < size() ? ByteView(bytes_.subspan(offset)) : ByteView();
  }

  // At most the first `length` bytes.
  [[nodiscard]] ByteView first(std::uint64_t length) const {
    return length < size() ? ByteView(bytes_.first(length)) : *this;
  }

  [[nodiscard]] std::string_view text() const {
    return bytes_.empty() ? std::string_view()
                          : std::string_view(reinterpret_cast<const char*>(bytes_.data()), bytes_.size());
  }

  // The bytes up to a NUL that lies within the next `limit` bytes.
  [[nodiscard]] std::optional<std::string_view> c_string(std::uint64_t offset, std::uint64_t limit) const {
    const std::string_view candidate = rest(offset).first(limit).text();
    const std::size_t end = candidate.find('\0');
    return end == std::string_view::npos ? std::nullopt : std::optional(candidate.substr(0, end));
  }

 private:
  std::span<const std::byte> bytes_;
};

// Reads forward. After the first read beyond the end, ok() is false and every read gives 0.
class ByteReader {
 public:
  explicit ByteReader(ByteView view) : view_(view) {}

  [[nodiscard]] bool ok() const { return ok_; }

  [[nodiscard]] std::uint64_t position() const { return position_; }

  [[nodiscard]] std::uint64_t remaining() const { return view_.size() - position_; }

  template <std::integral T>
  T read() {
    const std::optional<T> value = view_.at<T>(position_);
    if (!ok_ || !value) {
      ok_ = false;
      return T{};
    }
    position_ += sizeof(T);
    return *value;
  }

  void skip(std::uint64_t length) { take(length); }

  // The next `length` bytes; empty and !ok() when there are fewer.
  ByteView take(std::uint64_t length) {
    const std::optional<ByteView> part = view_.part(position_, length);
    if (!ok_ || !part) {
      ok_ = false;
      return {};
    }
    position_ += length;
    return *part;
  }

  // LEB128 without a sign, as Go's encoding/binary.Uvarint writes it.
  std::uint64_t read_uvarint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = read<std::uint8_t>();
      value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
      if ((byte & 0x80U) == 0) {
        return value;
      }
    }
    ok_ = false;
    return 0;
  }

 private:
  ByteView view_;
  std::uint64_t position_ = 0;
  bool ok_ = true;
};

}  // namespace base
