// gtest matchers for base::Result.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"

// The value of a Result that must be there.
#define ASSERT_OK_AND_ASSIGN(declaration, expression) \
  ASSERT_OK_AND_ASSIGN_INNER(BASE_CONCAT(test_result_, __LINE__), declaration, expression)
#define ASSERT_OK_AND_ASSIGN_INNER(result, declaration, expression) \
  auto result = (expression);                                       \
  ASSERT_TRUE(result.has_value()) << result.error().message;        \
  declaration = std::move(*result)

namespace support {

MATCHER_P2(IsError, code, message, "") {
  if (arg.has_value()) {
    *result_listener << "there is no error";
    return false;
  }
  *result_listener << "the message is: " << arg.error().message;
  return arg.error().code == code &&
         ::testing::ExplainMatchResult(message, arg.error().message, result_listener);
}

}  // namespace support
