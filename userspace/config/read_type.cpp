// The grammar of types in the Go specification, by recursive descent over characters: an import path may hold
// dots, dashes and slashes, so tokens of expressions do not fit.
#include "config/read_type.hpp"

#include <charconv>
#include <optional>
#include <utility>

#include "base/error.hpp"

namespace config {
namespace {

bool is_name_character(char c) {
  constexpr std::string_view kOfPaths = "./-%~+";
  return is_letter(c) || is_digit(c) || kOfPaths.find(c) != std::string_view::npos;
}

std::string found_at(const TextCursor& cursor) {
  return cursor.at_end() ? "nothing" : fmt::format("\"{}\"", cursor.rest().substr(0, 1));
}

bool consume_after_space(TextCursor& cursor, std::string_view expected) {
  cursor.skip_space();
  return cursor.consume(expected);
}

Parsed<void> expect(TextCursor& cursor, std::string_view expected, std::string_view where) {
  if (consume_after_space(cursor, expected)) {
    return {};
  }
  return syntax_error(cursor.position(), "expected \"{}\" {}, found {}", expected, where, found_at(cursor));
}

TypeText composite(TypeText::Kind kind, TypeText element) {
  TypeText type;
  type.kind = kind;
  type.elements.push_back(std::move(element));
  return type;
}

bool is_simple_name(const TypeText& type) {
  return type.kind == TypeText::Kind::kNamed && is_identifier(type.name);
}

// Names that Go keeps for itself: never a parameter, a field or a type.
bool is_keyword(std::string_view word) {
  return word == "map" || word == "chan" || word == "func" || word == "interface" || word == "struct";
}

// Reads one type and everything nested in it.
class TypeReader {
 public:
  TypeReader(TextCursor* cursor, int nesting) : cursor_(cursor), nesting_(nesting) {}

  enum class Variadic { kAllowed, kRefused };

  Parsed<TypeText> type();
  Parsed<std::vector<Parameter>> parameters(Variadic variadic = Variadic::kAllowed);
  Parsed<std::vector<Parameter>> results();

 private:
  // One thing between two commas: a type, or a name and a type.
  struct Entry {
    std::size_t offset = 0;
    TypeText first;  // the type, or what turns out to be a name
    std::optional<TypeText> second;
    bool is_variadic = false;
  };

  Parsed<TypeText> unnested_type();
  Parsed<TypeText> bracketed_type();
  Parsed<TypeText> map_type();
  Parsed<TypeText> channel_type();
  Parsed<TypeText> function_type();
  Parsed<TypeText> interface_type();
  Parsed<TypeText> struct_type();
  Parsed<TypeText> named_type(std::size_t start, std::string_view name);
  Parsed<std::string> type_arguments();
  Parsed<void> interface_element(TypeText& type);
  Parsed<void> struct_field(TypeText& type);
  Parsed<Entry> parameter_entry();
  [[nodiscard]] Parsed<std::vector<Parameter>> parameters_of(std::vector<Entry> entries) const;
  bool starts_type();

  TextCursor* cursor_;  // the caller's
  int nesting_;
};

Parsed<TypeText> TypeReader::type() {
  if (nesting_ >= kMaxNesting) {
    return syntax_error(cursor_->position(), "types are nested more than {} deep", kMaxNesting);
  }
  ++nesting_;
  auto result = unnested_type();
  --nesting_;
  return result;
}

Parsed<TypeText> TypeReader::unnested_type() {
  cursor_->skip_space();
  const std::size_t start = cursor_->position();
  if (cursor_->consume("*")) {
    ASSIGN_OR_RETURN(TypeText pointee, type());
    return composite(TypeText::Kind::kPointer, std::move(pointee));
  }
  if (cursor_->consume("(")) {
    ASSIGN_OR_RETURN(TypeText inner, type());
    RETURN_IF_ERROR(expect(*cursor_, ")", "after the type"));
    return inner;
  }
  if (cursor_->consume("[")) {
    return bracketed_type();
  }
  if (cursor_->consume("<-")) {
    cursor_->skip_space();
    if (cursor_->take_while(is_letter) != "chan") {
      return syntax_error(start, R"(expected "chan" after "<-", found {})", found_at(*cursor_));
    }
    return channel_type();
  }
  const std::string_view word = cursor_->take_while(is_name_character);
  if (word == "map") {
    return map_type();
  }
  if (word == "chan") {
    consume_after_space(*cursor_, "<-");
    return channel_type();
  }
  if (word == "func") {
    return function_type();
  }
  if (word == "interface") {
    return interface_type();
  }
  if (word == "struct") {
    return struct_type();
  }
  return named_type(start, word);
}

Parsed<TypeText> TypeReader::bracketed_type() {
  if (consume_after_space(*cursor_, "]")) {
    ASSIGN_OR_RETURN(TypeText element, type());
    return composite(TypeText::Kind::kSlice, std::move(element));
  }
  const std::size_t start = cursor_->position();
  const std::string_view digits = cursor_->take_while(is_digit);
  std::uint64_t length = 0;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  if (digits.empty() || error != std::errc{}) {
    return syntax_error(start, "expected \"]\" of a slice or the length of an array, found {}",
                        found_at(*cursor_));
  }
  RETURN_IF_ERROR(expect(*cursor_, "]", "after the length of an array"));
  ASSIGN_OR_RETURN(TypeText element, type());
  TypeText array = composite(TypeText::Kind::kArray, std::move(element));
  array.length = length;
  return array;
}

Parsed<TypeText> TypeReader::map_type() {
  RETURN_IF_ERROR(expect(*cursor_, "[", "after \"map\""));
  ASSIGN_OR_RETURN(TypeText key, type());
  RETURN_IF_ERROR(expect(*cursor_, "]", "after the key type of a map"));
  ASSIGN_OR_RETURN(TypeText value, type());
  TypeText map = composite(TypeText::Kind::kMap, std::move(key));
  map.elements.push_back(std::move(value));
  return map;
}

Parsed<TypeText> TypeReader::channel_type() {
  ASSIGN_OR_RETURN(TypeText element, type());
  return composite(TypeText::Kind::kChan, std::move(element));
}

Parsed<TypeText> TypeReader::function_type() {
  RETURN_IF_ERROR(parameters());
  RETURN_IF_ERROR(results());
  TypeText function;
  function.kind = TypeText::Kind::kFunc;
  return function;
}

Parsed<TypeText> TypeReader::interface_type() {
  RETURN_IF_ERROR(expect(*cursor_, "{", "after \"interface\""));
  TypeText interface;
  interface.kind = TypeText::Kind::kInterface;
  while (!consume_after_space(*cursor_, "}")) {
    if (!cursor_->consume(";")) {
      RETURN_IF_ERROR(interface_element(interface));
    }
  }
  return interface;
}

// A method, of which the name is kept, or an embedded interface.
Parsed<void> TypeReader::interface_element(TypeText& type) {
  const std::size_t start = cursor_->position();
  const std::string_view word = cursor_->take_while(is_name_character);
  if (is_identifier(word) && cursor_->peek() == '(') {
    RETURN_IF_ERROR(parameters());
    RETURN_IF_ERROR(results());
    type.field_names.emplace_back(word);
    return {};
  }
  ASSIGN_OR_RETURN(const TypeText embedded, named_type(start, word));
  type.field_names.push_back(embedded.name);
  return {};
}

Parsed<TypeText> TypeReader::struct_type() {
  RETURN_IF_ERROR(expect(*cursor_, "{", "after \"struct\""));
  TypeText structure;
  structure.kind = TypeText::Kind::kStruct;
  while (!consume_after_space(*cursor_, "}")) {
    if (!cursor_->consume(";")) {
      RETURN_IF_ERROR(struct_field(structure));
    }
  }
  return structure;
}

// The name of an embedded `T`, `*T` or `pkg.T`; nothing for a type that cannot be embedded.
std::string embedded_name_of(const TypeText& type) {
  const TypeText& named = type.kind == TypeText::Kind::kPointer ? type.elements.front() : type;
  const std::string_view plain = std::string_view(named.name).substr(0, named.name.find('['));
  return std::string(plain.substr(plain.find_last_of("./") + 1));
}

// `A, B int`, or an embedded `pkg.T`.
Parsed<void> TypeReader::struct_field(TypeText& type) {
  std::vector<std::string> names;
  const std::size_t start = cursor_->position();
  ASSIGN_OR_RETURN(TypeText first, this->type());
  while (is_simple_name(first) && consume_after_space(*cursor_, ",")) {
    names.push_back(first.name);
    ASSIGN_OR_RETURN(first, this->type());
  }
  if (is_simple_name(first) && starts_type()) {
    names.push_back(first.name);
    ASSIGN_OR_RETURN(first, this->type());
  } else if (names.empty() && !embedded_name_of(first).empty()) {
    names.push_back(embedded_name_of(first));
  } else if (names.empty()) {
    return syntax_error(start, "expected the name of a field, found the type {}", to_string(first));
  } else {
    return syntax_error(cursor_->position(), "expected the type of field {}, found {}", names.back(),
                        found_at(*cursor_));
  }
  for (std::string& name : names) {
    type.field_names.push_back(std::move(name));
    type.elements.push_back(first);
  }
  return {};
}

Parsed<TypeText> TypeReader::named_type(std::size_t start, std::string_view name) {
  if (name.empty()) {
    return syntax_error(start, "expected a type, found {}", found_at(*cursor_));
  }
  const std::string_view base = name.substr(name.find_last_of('/') + 1);
  const std::size_t dot = base.find_last_of('.');
  if (dot == std::string_view::npos && base.size() != name.size()) {
    return syntax_error(start, "\"{}\" is a package, not a type; write {}.Name", name, name);
  }
  const std::string_view identifier = dot == std::string_view::npos ? base : base.substr(dot + 1);
  const bool is_path =
      (is_letter(name.front()) || is_digit(name.front())) && name.find("..") == std::string_view::npos;
  if (!is_identifier(identifier) || !is_path || dot == 0 || is_keyword(identifier)) {
    return syntax_error(start, "\"{}\" is not the name of a type", name);
  }
  TypeText named;
  named.name = name;
  if (cursor_->consume("[")) {
    ASSIGN_OR_RETURN(const std::string arguments, type_arguments());
    named.name += arguments;
  }
  return named;
}

// Behind the bracket of `T[`. The text is normal: "[int,pkg.U]", as in Go's own symbol names.
Parsed<std::string> TypeReader::type_arguments() {
  std::string text = "[";
  while (true) {
    ASSIGN_OR_RETURN(const TypeText argument, type());
    text += to_string(argument);
    if (!consume_after_space(*cursor_, ",")) {
      break;
    }
    text += ',';
  }
  RETURN_IF_ERROR(expect(*cursor_, "]", "after the type arguments"));
  return text + "]";
}

bool TypeReader::starts_type() {
  cursor_->skip_space();
  const char next = cursor_->peek();
  return is_letter(next) || is_digit(next) || next == '*' || next == '[' || next == '(' || next == '<';
}

Parsed<TypeReader::Entry> TypeReader::parameter_entry() {
  cursor_->skip_space();
  Entry entry;
  entry.offset = cursor_->position();
  if (cursor_->consume("...")) {
    entry.is_variadic = true;
    ASSIGN_OR_RETURN(TypeText element, type());
    entry.first = composite(TypeText::Kind::kSlice, std::move(element));
    return entry;
  }
  ASSIGN_OR_RETURN(entry.first, type());
  if (!is_simple_name(entry.first)) {
    return entry;
  }
  if (consume_after_space(*cursor_, "...")) {
    entry.is_variadic = true;
    ASSIGN_OR_RETURN(TypeText element, type());
    entry.second = composite(TypeText::Kind::kSlice, std::move(element));
  } else if (starts_type()) {
    ASSIGN_OR_RETURN(entry.second, type());
  }
  return entry;
}

// Either all entries are named (`a, b int`: a takes the type of b), or none is.
Parsed<std::vector<Parameter>> TypeReader::parameters_of(std::vector<Entry> entries) const {
  bool named = false;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    named = named || entries[i].second.has_value();
    if (entries[i].is_variadic && i + 1 != entries.size()) {
      return syntax_error(entries[i].offset, "only the last parameter can be \"...\"");
    }
  }
  std::vector<Parameter> parameters(entries.size());
  for (std::size_t i = entries.size(); i-- > 0;) {
    Entry& entry = entries[i];
    if (!named) {
      parameters[i].type = std::move(entry.first);
      continue;
    }
    if (!is_simple_name(entry.first) || (!entry.second && i + 1 == entries.size())) {
      return syntax_error(entry.offset, "either all parameters have names or none; \"{}\" lacks a {}",
                          to_string(entry.first), is_simple_name(entry.first) ? "type" : "name");
    }
    if (!entry.second && entries[i + 1].is_variadic) {
      return syntax_error(entry.offset, "parameter {} has no type", entry.first.name);
    }
    parameters[i].name = entry.first.name;
    parameters[i].type = entry.second ? std::move(*entry.second) : parameters[i + 1].type;
  }
  return parameters;
}

Parsed<std::vector<Parameter>> TypeReader::parameters(Variadic variadic) {
  RETURN_IF_ERROR(expect(*cursor_, "(", "before the parameters"));
  std::vector<Entry> entries;
  while (!consume_after_space(*cursor_, ")")) {
    ASSIGN_OR_RETURN(Entry entry, parameter_entry());
    if (entry.is_variadic && variadic == Variadic::kRefused) {
      return syntax_error(entry.offset, "a result cannot be \"...\"");
    }
    entries.push_back(std::move(entry));
    if (!consume_after_space(*cursor_, ",")) {
      RETURN_IF_ERROR(expect(*cursor_, ")", "or \",\" after a parameter"));
      break;
    }
  }
  return parameters_of(std::move(entries));
}

Parsed<std::vector<Parameter>> TypeReader::results() {
  if (!starts_type()) {
    return std::vector<Parameter>{};
  }
  if (cursor_->peek() != '(') {
    ASSIGN_OR_RETURN(TypeText only, type());
    return std::vector<Parameter>{{"", std::move(only)}};
  }
  return parameters(Variadic::kRefused);
}

Parsed<void> check_length(std::string_view text) {
  if (text.size() > kMaxTextLength) {
    return syntax_error(0, "the text has {} bytes; {} are allowed", text.size(), kMaxTextLength);
  }
  return {};
}

Parsed<void> expect_end(TextCursor& cursor, std::string_view what) {
  cursor.skip_space();
  if (cursor.at_end()) {
    return {};
  }
  return syntax_error(cursor.position(), "unexpected \"{}\" after the {}", cursor.rest().substr(0, 20), what);
}

}  // namespace

Parsed<TypeText> read_type_at(TextCursor& cursor, int nesting) {
  return TypeReader(&cursor, nesting).type();
}

Parsed<TypeText> read_type(std::string_view text) {
  RETURN_IF_ERROR(check_length(text));
  TextCursor cursor(text);
  ASSIGN_OR_RETURN(TypeText type, read_type_at(cursor));
  RETURN_IF_ERROR(expect_end(cursor, "type"));
  return type;
}

Parsed<Signature> read_signature(std::string_view text) {
  RETURN_IF_ERROR(check_length(text));
  TextCursor cursor(text);
  cursor.skip_space();
  const std::size_t start = cursor.position();
  if (cursor.take_while(is_letter) != "func") {
    return syntax_error(start,
                        "a signature begins with \"func(\", as in: func(ctx context.Context, id int) error");
  }
  cursor.skip_space();
  if (is_letter(cursor.peek())) {
    return syntax_error(cursor.position(),
                        "the function's name does not belong here; write func(parameters) results");
  }
  TypeReader reader(&cursor, 0);
  Signature signature;
  ASSIGN_OR_RETURN(signature.parameters, reader.parameters());
  ASSIGN_OR_RETURN(signature.results, reader.results());
  cursor.skip_space();
  if (cursor.peek() == '(') {
    return syntax_error(
        cursor.position(),
        "receiver and name of the function do not belong here; write func(parameters) results");
  }
  RETURN_IF_ERROR(expect_end(cursor, "signature"));
  return signature;
}

}  // namespace config
