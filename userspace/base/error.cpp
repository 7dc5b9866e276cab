#include "base/error.hpp"

#include <cerrno>
#include <system_error>

namespace base {
namespace {

ErrorCode code_of(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ESRCH:
      return ErrorCode::kNotFound;
    case EACCES:
    case EPERM:
      return ErrorCode::kPermission;
    default:
      return ErrorCode::kIo;
  }
}

}  // namespace

Error error_from_errno(int error_number, std::string doing) {
  return {code_of(error_number), fmt::format("{}: {}", doing, std::generic_category().message(error_number))};
}

}  // namespace base
