// Accept and Accept-Encoding -> the format we answer in (RFC 9110, 12.4 and 12.5).
#pragma once

#include <string>
#include <string_view>

namespace expose {

enum class Format { kText, kOpenMetrics };

struct Negotiated {
  Format format = Format::kText;
  std::string content_type;
  bool gzip = false;

  bool operator==(const Negotiated&) const = default;
};

// The best format that the client takes; plain text where nothing fits or the header makes no sense.
[[nodiscard]] Negotiated negotiate(std::string_view accept, std::string_view accept_encoding);

}  // namespace expose
