#include "expose/gzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <limits>
#include <new>

namespace expose {
namespace {

constexpr int kGzipWindow = 15 + 16;  // the largest window; 16 asks for the gzip header
constexpr int kDefaultMemory = 8;

// Compresses all of `text`; false where zlib has not finished, which deflateBound() rules out.
bool deflate_all(z_stream& stream, std::string_view text, std::string& compressed) {
  constexpr std::size_t kMaxStep = std::numeric_limits<uInt>::max();
  std::size_t written = 0;
  int status = Z_OK;
  while (status == Z_OK) {
    const std::size_t step = std::min(text.size(), kMaxStep);
    const std::size_t room = std::min(compressed.size() - written, kMaxStep);
    // zlib reads from next_in and does not write to it.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(step);
    stream.next_out = reinterpret_cast<Bytef*>(compressed.data() + written);
    stream.avail_out = static_cast<uInt>(room);
    status = deflate(&stream, step == text.size() ? Z_FINISH : Z_NO_FLUSH);
    text.remove_prefix(step - stream.avail_in);
    written += room - stream.avail_out;
  }
  compressed.resize(written);
  return status == Z_STREAM_END;
}

}  // namespace

std::string gzip(std::string_view text) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, kDefaultMemory, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    throw std::bad_alloc();  // its arguments are right, so only memory can be missing
  }
  std::string compressed(deflateBound(&stream, text.size()), '\0');
  [[maybe_unused]] const bool finished = deflate_all(stream, text, compressed);
  assert(finished);
  deflateEnd(&stream);
  return compressed;
}

}  // namespace expose
