// What a client asks and what it gets, free of any HTTP library.
#pragma once

#include <string>
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

struct Response {
  int status = 200;
  std::vector<Header> headers;
  std::string body;

  bool operator==(const Response&) const = default;
};

}  // namespace expose
