#include "collect/decode_labels.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "abi/operation.h"
#include "base/utf8.hpp"
#include "collect/transform_label.hpp"

namespace collect {
namespace {

using plan::LabelField;

std::uint64_t integer_at(std::span<const std::byte> values, std::size_t offset, std::size_t size) {
  std::uint64_t value = 0;
  if (offset + size <= values.size() && size <= sizeof(value)) {
    std::memcpy(&value, values.data() + offset, size);
  }
  return value;
}

bool is_grouped(const LabelField& field) {
  return !field.transforms.empty() && field.transforms.front().kind == config::Transform::Kind::kGroupPath;
}

std::string string_at(std::span<const std::byte> values, const LabelField& field) {
  if (std::size_t{field.offset} + field.size > values.size() || field.size < 2) {
    return {};
  }
  const std::size_t capacity = field.size - std::size_t{2};
  std::size_t length = integer_at(values, field.offset, 2);
  if (is_grouped(field)) {
    // A text that is no path, of several values, has its true length.
    const bool is_cut = (length & GROUPED_CUT) != 0 || length > capacity;
    length = std::min(length & ~std::size_t{GROUPED_CUT}, capacity);
    std::string route(length, '\0');
    std::memcpy(route.data(), values.data() + field.offset + 2, length);
    return is_cut ? route + kTruncationMark : route;
  }
  std::string text(std::min(length, capacity), '\0');
  std::memcpy(text.data(), values.data() + field.offset + 2, text.size());
  return length > capacity ? std::string(base::without_cut_character(text)) + kTruncationMark : text;
}

std::string integer_text(std::span<const std::byte> values, const LabelField& field) {
  const std::uint64_t value = integer_at(values, field.offset, field.size);
  if (!field.is_signed) {
    return fmt::format("{}", value);
  }
  const unsigned shift = 64 - field.size * 8u;
  return fmt::format("{}", static_cast<std::int64_t>(value << shift) >> shift);
}

std::string type_name(const plan::ProbePlan& plan, std::uint64_t descriptor) {
  const auto known =
      std::ranges::find(plan.type_names, descriptor, &std::pair<std::uint64_t, std::string>::first);
  if (known != plan.type_names.end()) {
    return known->second;
  }
  return descriptor == 0 ? "" : fmt::format("type@{:#x}", descriptor);
}

std::string raw_text(const LabelField& field, std::span<const std::byte> values, std::uint16_t function,
                     const plan::ProbePlan& plan) {
  switch (field.kind) {
    case LabelField::Kind::kString:
      return string_at(values, field);
    case LabelField::Kind::kInteger:
      return integer_text(values, field);
    case LabelField::Kind::kBool:
      return integer_at(values, field.offset, 1) != 0 ? "true" : "false";
    case LabelField::Kind::kCase: {
      const std::uint64_t index = integer_at(values, field.offset, 1);
      return index < field.cases.size() ? field.cases[index] : "";
    }
    case LabelField::Kind::kType:
      return type_name(plan, integer_at(values, field.offset, 8));
    case LabelField::Kind::kFunction:
      return function < plan.functions.size() ? plan.functions[function] : "";
    case LabelField::Kind::kConstant:
      return field.cases.empty() ? "" : field.cases.front();
  }
  return {};
}

}  // namespace

std::string decode_label(const plan::LabelField& field, std::span<const std::byte> values,
                         std::uint16_t function, const plan::ProbePlan& plan) {
  if (field.optional && integer_at(values, field.offset - std::size_t{1}, 1) == 0) {
    return field.absent;
  }
  return transform_label(field.transforms, raw_text(field, values, function, plan));
}

}  // namespace collect
