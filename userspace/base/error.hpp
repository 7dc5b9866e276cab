// The one error type. A function that can fail returns Result<T>:
//
//   Result<Image> open_image(const std::string& path) {
//     ASSIGN_OR_RETURN(const MappedFile file, MappedFile::open(path));   // forward an error
//     if (file.size() < 64) {
//       return fail(ErrorCode::kCorruptBinary, "{}: {} bytes are too few for an ELF file", path,
//       file.size());
//     }
//     ...
//   }
//   Result<Image> image = open_image(path);
//   if (!image) { return with_context(std::move(image.error()), "inspecting {}", path); }
//
// Messages are lower case, name the object, and end with what to do. An error is returned or logged, never
// both.
#pragma once

#include <fmt/format.h>

#include <expected>
#include <string>
#include <utility>

namespace base {

// Only what callers decide on: retry, skip, exit status. Prose belongs in the message.
enum class ErrorCode {
  kInvalidConfig,
  kNotFound,
  kUnsupported,
  kCorruptBinary,
  kPermission,
  kKernel,
  kIo,
};

struct Error {
  ErrorCode code;
  std::string message;
};

template <class T = void>
using Result = std::expected<T, Error>;

template <class... Args>
[[nodiscard]] std::unexpected<Error> fail(ErrorCode code, fmt::format_string<Args...> format,
                                          Args&&... args) {
  return std::unexpected<Error>(Error{code, fmt::format(format, std::forward<Args>(args)...)});
}

// An Error for `error_number` (an errno value): "doing something: No such file or directory".
[[nodiscard]] Error error_from_errno(int error_number, std::string doing);

template <class... Args>
[[nodiscard]] std::unexpected<Error> fail_errno(int error_number, fmt::format_string<Args...> format,
                                                Args&&... args) {
  return std::unexpected<Error>(
      error_from_errno(error_number, fmt::format(format, std::forward<Args>(args)...)));
}

// The same error with "context: " before its message.
template <class... Args>
[[nodiscard]] std::unexpected<Error> with_context(Error error, fmt::format_string<Args...> format,
                                                  Args&&... args) {
  error.message = fmt::format("{}: {}", fmt::format(format, std::forward<Args>(args)...), error.message);
  return std::unexpected<Error>(std::move(error));
}

}  // namespace base

#define BASE_CONCAT_INNER(a, b) a##b
#define BASE_CONCAT(a, b) BASE_CONCAT_INNER(a, b)

#define RETURN_IF_ERROR(expression)                           \
  do {                                                        \
    if (auto base_result = (expression); !base_result) {      \
      return std::unexpected(std::move(base_result.error())); \
    }                                                         \
  } while (false)

#define ASSIGN_OR_RETURN(declaration, expression) \
  ASSIGN_OR_RETURN_INNER(BASE_CONCAT(base_result_, __LINE__), declaration, expression)
#define ASSIGN_OR_RETURN_INNER(result, declaration, expression) \
  auto result = (expression);                                   \
  if (!result) {                                                \
    return std::unexpected(std::move(result.error()));          \
  }                                                             \
  declaration = std::move(*result)
