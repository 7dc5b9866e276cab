// HTTP's basic authentication (RFC 7617) against bcrypt hashes.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

namespace expose {

class BasicAuth {
 public:
  // Whether `authorization`, the value of that header, has one of `users` (name -> bcrypt hash) with its
  // password. An unknown user takes as long as a wrong password. A password that was right is remembered by
  // its digest, so that only the first scrape pays for bcrypt. May be called from several threads at once.
  [[nodiscard]] bool allows(const std::map<std::string, std::string>& users, std::string_view authorization);

 private:
  [[nodiscard]] bool is_remembered(const std::string& digest);
  void remember(std::string digest);

  std::mutex hashing_;  // bcrypt is slow on purpose: strangers get one core at most
  std::mutex mutex_;    // guards remembered_
  std::set<std::string> remembered_;
};

}  // namespace expose
