// What a client asks and what it gets, free of any HTTP library.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace expose {

struct Header {
  std::string name;
  std::string value;

  bool operator==(const Header&) const = default;
};

struct Request {
  std::string method;
  std::string path;             // as sent, without the query; nothing is decoded
  std::string host = {};        // as sent, with a port where the client wrote one; "" where not sent
  std::string accept;           // "" where not sent
  std::string accept_encoding;  // "" where not sent
  std::string authorization;    // "" where not sent
};

// Text that several responses may have in common.
class Body {
 public:
  Body() = default;

  Body(std::string text)
      : text_(std::make_shared<const std::string>(std::move(text))) {}  // NOLINT(google-explicit-constructor)

  Body(const char* text) : Body(std::string(text)) {}  // NOLINT(google-explicit-constructor)

  Body(std::shared_ptr<const std::string> text)
      : text_(std::move(text)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] std::string_view text() const {
    return text_ ? std::string_view(*text_) : std::string_view();
  }

  operator std::string() const { return std::string(text()); }  // NOLINT(google-explicit-constructor)

  bool operator==(const Body& other) const { return text() == other.text(); }

 private:
  std::shared_ptr<const std::string> text_;
};

struct Response {
  int status = 200;
  std::vector<Header> headers;
  Body body;

  bool operator==(const Response&) const = default;
};

}  // namespace expose
