// Patterns for function names and for paths.
//
//   *       any run of characters, in a function name without '/': `pkg/handler.(*Handler).*`
//   **      any run of characters, '/' too: `**.(*Server).Serve`
//   {a,b}   either: `(*Handler).{Login,Logout}`. Braces without a comma are themselves, as in `struct {}`
//   (*Name  itself: Go writes a method of *Name so. `(*)` is a pattern: any receiver
//
// Everything else is itself. In a path, and in the value of an environment variable, `*` also matches '/',
// and `(*` has no meaning of its own.
#pragma once

#include <string_view>

namespace base {

// Whether a function name is a pattern.
[[nodiscard]] bool is_glob(std::string_view pattern);

// Whether all of a function's name matches. A pattern that is no glob matches itself.
[[nodiscard]] bool glob_matches(std::string_view pattern, std::string_view name);

// Whether all of a path (or another text without structure) matches.
[[nodiscard]] bool path_glob_matches(std::string_view pattern, std::string_view path);

}  // namespace base
