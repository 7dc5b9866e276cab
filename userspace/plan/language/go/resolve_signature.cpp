#include "plan/language/go/resolve_signature.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>
#include <utility>

#include "plan/language/go/generic_receiver.hpp"
#include "plan/language/go/go_calling_convention.hpp"
#include "plan/language/go/type_arguments.hpp"
#include "plan/language/value_leaves.hpp"
#include "plan/machine/registers.hpp"

namespace plan {

using base::ErrorCode;
using base::fail;
using base::Result;
using inspect::BinaryFacts;
using inspect::Function;
using inspect::FunctionDetails;
using inspect::Method;
using inspect::Type;
using inspect::TypeId;
using inspect::TypeKind;
using inspect::TypeTable;

namespace {

constexpr const char* kNoSignature =
    "the binary does not say what it takes and returns (stripped, and no method table has it); give the "
    "probe a "
    "signature: as in the source";

// The unnamed words that a value takes, whatever its type is called: what two sources must agree on.
std::vector<AbiLeaf> shape_of(const TypeTable& types, TypeId id) {
  return leaves_of(types, id).value_or(std::vector<AbiLeaf>{{0, types[id].size, false, 0}});
}

bool have_same_shape(const TypeTable& types, const std::vector<SignatureParameter>& left,
                     const std::vector<SignatureParameter>& right) {
  return std::ranges::equal(left, right, [&](const SignatureParameter& a, const SignatureParameter& b) {
    return !b.unknown.empty() || shape_of(types, a.type) == shape_of(types, b.type);
  });
}

// Whether what is written names another type than there is, of which the same registers say nothing: another
// struct or interface, or a pointer to one. A basic type may stand for one that is made of it.
bool is_other_type(const TypeLookup& lookup, TypeId known_id, TypeId declared_id) {
  const Type& known = lookup[known_id];
  const Type& declared = lookup[declared_id];
  if (known_id == declared_id || known.kind != declared.kind || lookup.is_unknown(declared_id)) {
    return false;
  }
  switch (known.kind) {
    case TypeKind::kPointer:
    case TypeKind::kSlice:
      return known.element != TypeId::kNone && declared.element != TypeId::kNone &&
             is_other_type(lookup, known.element, declared.element);
    case TypeKind::kInterface:
    case TypeKind::kStruct:
      return !is_same_type(lookup.types(), known_id, declared_id) &&
             (known.name != declared.name || known.package != declared.package) &&
             !known.name.starts_with("struct") && !declared.name.starts_with("struct");
    default:
      return false;
  }
}

bool have_other_types(const TypeLookup& lookup, const std::vector<SignatureParameter>& known,
                      const std::vector<SignatureParameter>& declared) {
  return !std::ranges::equal(known, declared, [&](const SignatureParameter& a, const SignatureParameter& b) {
    return !b.unknown.empty() || !is_other_type(lookup, a.type, b.type);
  });
}

std::vector<SignatureParameter> unnamed(const std::vector<TypeId>& types) {
  std::vector<SignatureParameter> parameters;
  parameters.reserve(types.size());
  for (const TypeId id : types) {
    parameters.push_back({"", id});
  }
  return parameters;
}

class SignatureResolver {
 public:
  SignatureResolver(const BinaryFacts* facts, TypeLookup* lookup, const Function* function,
                    const FunctionName* name, const FunctionDetails* details)
      : facts_(facts), lookup_(lookup), function_(function), name_(name), details_(details) {}

  Result<FunctionSignature> resolve(const std::optional<config::Signature>& written) {
    find_receiver();
    std::optional<FunctionSignature> known = from_binary();
    if (!written) {
      return known ? checked(*std::move(known)) : receiver_only();
    }
    ASSIGN_OR_RETURN(FunctionSignature declared, from_config(*written));
    settle_unknown(declared);
    return known ? merged(*std::move(known), declared) : checked(std::move(declared));
  }

 private:
  // The receiver's type, from the function's name.
  void find_receiver() {
    if (name_->receiver.empty() || name_->closure) {
      return;
    }
    Result<TypeId> known = receiver_type();
    const std::string_view last = short_function_name(name_->package);
    const TypeId type = known ? *known : lookup_->unknown_type(fmt::format("{}.{}", last, name_->receiver));
    receiver_ = SignatureParameter{"recv", name_->pointer_receiver ? lookup_->pointer_to(type) : type};
    if (!known && !name_->pointer_receiver) {
      receiver_->unknown =
          known.error().message + "; name only what comes before it, or probe a binary with DWARF";
    }
  }

  [[nodiscard]] Result<TypeId> receiver_type() const {
    if (const std::optional<TypeId> id = lookup_->of_package(name_->package, name_->receiver)) {
      return *id;
    }
    if (name_->generic) {
      return generic_receiver(*lookup_, *name_, function_->name);
    }
    return fail(ErrorCode::kNotFound, "receiver type {}.{} is not in the binary's type metadata",
                name_->package, name_->receiver);
  }

  [[nodiscard]] FunctionSignature blank() const {
    FunctionSignature signature;
    signature.receiver = receiver_;
    // Up to Go 1.20 the wrapper that passes the dictionary on is named like the function that takes it.
    const bool passes_it_on = function_->wrapper && function_->name.find("[...]") != std::string::npos;
    signature.has_dictionary = name_->has_dictionary && !passes_it_on;
    signature.dictionary_first = !facts_->dictionary_after_receiver || !receiver_;
    return signature;
  }

  [[nodiscard]] FunctionSignature receiver_only() const {
    FunctionSignature signature = blank();
    signature.unknown_because = kNoSignature;
    signature.source =
        receiver_ ? "receiver from the function's name; parameters unknown" : "parameters unknown";
    return signature;
  }

  // The best source that fits the binary. DWARF before Go 1.22 lacks the receiver of some wrappers, and
  // methods of one name in several interfaces make the last source a guess.
  std::optional<FunctionSignature> from_binary() {
    FunctionSignature candidate;
    if ((from_dwarf(candidate) && difference_from_binary(candidate).empty()) ||
        (from_method_table(candidate) && difference_from_binary(candidate).empty()) ||
        (from_interfaces(candidate) && difference_from_binary(candidate).empty())) {
      return candidate;
    }
    return std::nullopt;
  }

  bool from_dwarf(FunctionSignature& result) const {
    if (!details_->debug_signature) {
      return false;
    }
    const auto is_unusable = [](const inspect::NamedParameter& p) { return p.type == TypeId::kNone; };
    const inspect::DebugSignature& debug = *details_->debug_signature;
    if (std::ranges::any_of(debug.parameters, is_unusable) ||
        std::ranges::any_of(debug.results, is_unusable)) {
      return false;
    }
    result = blank();
    for (const inspect::NamedParameter& parameter : debug.parameters) {
      result.parameters.push_back({parameter.name, parameter.type});
    }
    for (const inspect::NamedParameter& parameter : debug.results) {
      result.results.push_back({parameter.name, parameter.type});
    }
    std::ranges::copy_if(debug.captured, std::back_inserter(result.captured),
                         [](const auto& variable) { return variable.type != TypeId::kNone; });
    if (receiver_ && !result.parameters.empty()) {
      result.receiver = result.parameters.front();
      result.parameters.erase(result.parameters.begin());
    }
    result.complete = true;
    result.source = "signature from DWARF";
    return true;
  }

  bool take_function_type(TypeId id, FunctionSignature& result) const {
    const Type& type = (*lookup_)[id];
    const auto is_none = [](TypeId part) { return part == TypeId::kNone; };
    if (type.kind != TypeKind::kFunc || std::ranges::any_of(type.parameters, is_none) ||
        std::ranges::any_of(type.results, is_none)) {
      return false;
    }
    result = blank();
    result.parameters = unnamed(type.parameters);
    result.results = unnamed(type.results);
    result.complete = true;
    return true;
  }

  bool from_method_table(FunctionSignature& result) const {
    if (!receiver_) {
      return false;
    }
    for (const Method& method : (*lookup_)[receiver_->type].methods) {
      if (method.name == name_->name && method.signature != TypeId::kNone &&
          take_function_type(method.signature, result)) {
        result.source =
            fmt::format("signature from the method table of {}", (*lookup_)[receiver_->type].name);
        return true;
      }
    }
    return false;
  }

  // Methods that are not exported are the same only within one package.
  [[nodiscard]] bool can_have_method(const Type& interface) const {
    const bool is_exported =
        !name_->name.empty() && std::isupper(static_cast<unsigned char>(name_->name[0])) != 0;
    return is_exported || interface.package == name_->package;
  }

  // An interface with this method that the receiver satisfies says its signature, if all such interfaces
  // agree.
  bool from_interfaces(FunctionSignature& result) const {
    if (!receiver_ || !is_held_by_interfaces(receiver_->type)) {
      return false;
    }
    const Type& receiver = (*lookup_)[receiver_->type];
    std::optional<TypeId> signature;
    std::string interface_name;
    for (const Type& type : lookup_->types().types()) {
      const auto method = std::ranges::find(type.methods, name_->name, &Method::name);
      if (type.kind != TypeKind::kInterface || method == type.methods.end() ||
          method->signature == TypeId::kNone || !can_have_method(type) || !implements(receiver, type)) {
        continue;
      }
      if (signature && *signature != method->signature) {
        return false;
      }
      signature = method->signature;
      interface_name = type.name;
    }
    if (!signature || !take_function_type(*signature, result)) {
      return false;
    }
    result.source =
        fmt::format("signature from the interface {}, which {} implements", interface_name, receiver.name);
    return true;
  }

  [[nodiscard]] bool is_held_by_interfaces(TypeId id) const {
    return std::ranges::any_of(facts_->itab_types, [id](const auto& entry) { return entry.second == id; });
  }

  // ---- signature: in the config ----

  Result<FunctionSignature> from_config(const config::Signature& written) {
    FunctionSignature signature = blank();
    signature.complete = true;
    signature.source = "signature from the config";
    ASSIGN_OR_RETURN(signature.parameters, claimed(written.parameters, "parameter"));
    ASSIGN_OR_RETURN(signature.results, claimed(written.results, "result"));
    return signature;
  }

  Result<std::vector<SignatureParameter>> claimed(const std::vector<config::Parameter>& written,
                                                  const char* what) {
    std::vector<SignatureParameter> result;
    for (const config::Parameter& parameter : written) {
      const std::string text = config::to_string(parameter.type);
      Result<TypeId> type = type_argument(parameter.type);
      if (!type) {
        type = lookup_->from_text(parameter.type, name_->package);
      }
      if (!type && type.error().code != ErrorCode::kNotFound) {
        return with_context(std::move(type.error()), "signature: {} {}", what, text);
      }
      SignatureParameter one{parameter.name, type ? *type : lookup_->unknown_type(text)};
      one.is_claimed = true;
      if (!type) {
        one.unknown = fmt::format(
            "{}, and the size of a value does not tell its registers; write what it is "
            "made of in signature: (as float64, struct{{ F float64; N int }} or [2]int)",
            type.error().message);
      }
      result.push_back(std::move(one));
    }
    return result;
  }

  // `T` in a signature of pkg.F[go.shape.float64]: with a single type argument, a single capital letter that
  // is no type of the package can only be the type parameter.
  Result<TypeId> type_argument(const config::TypeText& text) {
    const bool is_parameter = text.kind == config::TypeText::Kind::kNamed && text.name.size() == 1 &&
                              std::isupper(static_cast<unsigned char>(text.name[0])) != 0;
    const std::vector<std::string> arguments = type_arguments(function_->name);
    if (!is_parameter || arguments.size() != 1 || lookup_->of_package(name_->package, text.name)) {
      return fail(ErrorCode::kNotFound, "{} is not a type parameter", text.name);
    }
    return type_of_shape(*lookup_, arguments.front(), name_->package);
  }

  Result<FunctionSignature> merged(FunctionSignature known, const FunctionSignature& declared) {
    if (!have_same_shape(lookup_->types(), known.parameters, declared.parameters) ||
        !have_same_shape(lookup_->types(), known.results, declared.results) ||
        have_other_types(*lookup_, known.parameters, declared.parameters) ||
        have_other_types(*lookup_, known.results, declared.results)) {
      return fail(ErrorCode::kUnsupported,
                  "signature: says {}, but the binary has {}; correct it or leave it out",
                  to_string(declared, lookup_->types()), to_string(known, lookup_->types()));
    }
    const auto take_names = [](std::vector<SignatureParameter>& into,
                               const std::vector<SignatureParameter>& from) {
      for (std::size_t i = 0; i < into.size(); ++i) {
        into[i].name = from[i].name.empty() ? into[i].name : from[i].name;
      }
    };
    take_names(known.parameters, declared.parameters);
    take_names(known.results, declared.results);
    known.source += ", names from signature:";
    return checked(std::move(known));
  }

  // ---- against the binary ----

  // The only parameter (or receiver) whose type is not known; null where there are none or several.
  [[nodiscard]] static SignatureParameter* only_unknown_parameter(FunctionSignature& signature) {
    std::vector<SignatureParameter*> unknown;
    const auto gather = [&unknown](SignatureParameter& parameter) {
      if (!is_known(parameter)) {
        unknown.push_back(&parameter);
      }
    };
    if (signature.receiver) {
      gather(*signature.receiver);
    }
    std::ranges::for_each(signature.parameters, gather);
    return unknown.size() == 1 ? unknown.front() : nullptr;
  }

  // A value whose only word is of one or two bytes, or which has none, takes an integer register or nothing:
  // floats are larger. That is the only case in which sizes tell registers.
  void settle_unknown(FunctionSignature& signature) {
    SignatureParameter* const one = only_unknown_parameter(signature);
    if (one == nullptr || name_->generic || details_->argument_words.empty()) {
      return;
    }
    const SignatureParameter before = *one;
    one->unknown.clear();
    for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{2}}) {
      one->type = lookup_->opaque(lookup_->types()[before.type].name, size);
      const ExpectedWords words =
          argument_words_of(lookup_->types(), layout_of(*facts_, *lookup_, signature));
      if (words.complete && words.words == details_->argument_words) {
        return;
      }
    }
    *one = before;
  }

  // Whether everything fits with some size of the only unknown type: then the rest was checked in full.
  bool fits_with_some_size(FunctionSignature signature) {
    SignatureParameter* const one = only_unknown_parameter(signature);
    if (one == nullptr || !std::ranges::all_of(signature.results, is_known)) {
      return false;
    }
    const std::string name = lookup_->types()[one->type].name;
    one->unknown.clear();
    return std::ranges::any_of(std::array{8, 16, 24}, [&](int size) {
      one->type = lookup_->opaque(name, static_cast<std::uint64_t>(size));
      return difference_from_binary(signature).empty();
    });
  }

  [[nodiscard]] static bool is_known(const SignatureParameter& parameter) {
    return parameter.unknown.empty();
  }

  [[nodiscard]] static bool has_unknown(const FunctionSignature& signature) {
    return (signature.receiver && !is_known(*signature.receiver)) ||
           !std::ranges::all_of(signature.parameters, is_known) ||
           !std::ranges::all_of(signature.results, is_known);
  }

  // What comes before the first type that is not known, and only that.
  [[nodiscard]] static FunctionSignature known_part(FunctionSignature signature) {
    const auto cut = [](std::vector<SignatureParameter>& list) {
      list.erase(std::ranges::find_if_not(list, is_known), list.end());
    };
    if (signature.receiver && !is_known(*signature.receiver)) {
      signature.receiver.reset();
      signature.has_dictionary = signature.has_dictionary && signature.dictionary_first;
      signature.parameters.clear();
    }
    cut(signature.parameters);
    cut(signature.results);
    return signature;
  }

  // Of a signature with unknown types: what can be compared nevertheless.
  std::string difference_of_known(const FunctionSignature& signature) {
    const AbiLayout layout = layout_of(*facts_, *lookup_, known_part(signature));
    if (function_->arguments_size >= 0 &&
        layout.arguments_size > static_cast<std::uint64_t>(function_->arguments_size)) {
      return fmt::format("its arguments would take at least {} bytes, the binary says {}",
                         layout.arguments_size, function_->arguments_size);
    }
    const bool begins_with_spilled =
        std::ranges::all_of(layout.parameters, [](const AbiValue& value) { return value.in_registers; });
    const std::vector<inspect::ArgumentWord>& found = details_->argument_words;
    const ExpectedWords expected = argument_words_of(lookup_->types(), layout);
    if (name_->generic || found.empty() || expected.words.empty() || !begins_with_spilled) {
      return "";
    }
    for (std::size_t i = 0; i < expected.words.size() && i < found.size(); ++i) {
      const std::uint32_t place = expected.words[i].offset - expected.words.front().offset;
      if (found[i].size != expected.words[i].size || found[i].offset - found.front().offset != place) {
        return fmt::format(
            "argument word {} would be {} bytes, {} behind the first; the binary has {} bytes at {}", i,
            expected.words[i].size, place, found[i].size, found[i].offset - found.front().offset);
      }
    }
    return "";
  }

  // What does not fit, or "".
  std::string difference_from_binary(const FunctionSignature& signature) {
    if (has_unknown(signature)) {
      return difference_of_known(signature);
    }
    const AbiLayout layout = layout_of(*facts_, *lookup_, signature);
    if (function_->arguments_size >= 0 &&
        layout.arguments_size != static_cast<std::uint64_t>(function_->arguments_size)) {
      return fmt::format("its arguments would take {} bytes, the binary says {}", layout.arguments_size,
                         function_->arguments_size);
    }
    return name_->generic ? "" : difference_of_words(argument_words_of(lookup_->types(), layout));
  }

  [[nodiscard]] std::string difference_of_words(const ExpectedWords& expected) const {
    const std::vector<inspect::ArgumentWord>& found = details_->argument_words;
    if (found.empty()) {
      return "";
    }
    for (std::size_t i = 0; i < std::min(found.size(), expected.words.size()); ++i) {
      if (found[i] != expected.words[i]) {
        return fmt::format("argument word {} would be {} bytes at {}, the binary has {} bytes at {}", i,
                           expected.words[i].size, expected.words[i].offset, found[i].size, found[i].offset);
      }
    }
    if (found.size() > expected.words.size() || (found.size() < expected.words.size() && expected.complete)) {
      return fmt::format("it would have {} argument words, the binary lists {}", expected.words.size(),
                         found.size());
    }
    return "";
  }

  Result<FunctionSignature> checked(FunctionSignature signature) {
    const std::string difference = difference_from_binary(signature);
    if (!difference.empty()) {
      return fail(ErrorCode::kUnsupported, "{} does not fit: {}", to_string(signature, lookup_->types()),
                  difference);
    }
    for (const auto* list : {&signature.parameters, &signature.results}) {
      for (const SignatureParameter& parameter : *list) {
        if (!is_known(parameter)) {
          signature.source += fmt::format(", {} unknown", lookup_->types()[parameter.type].name);
        }
      }
    }
    if (function_->arguments_size >= 0 && (!has_unknown(signature) || fits_with_some_size(signature))) {
      signature.source += fmt::format(", checked against {} bytes of arguments", function_->arguments_size);
      if (!details_->argument_words.empty() && !name_->generic) {
        signature.source += fmt::format(" and {} argument words", details_->argument_words.size());
      }
    }
    return signature;
  }

  const BinaryFacts* facts_;  // all five the caller's
  TypeLookup* lookup_;
  const Function* function_;
  const FunctionName* name_;
  const FunctionDetails* details_;
  std::optional<SignatureParameter> receiver_;
};

std::string unplaced_reason(const std::vector<AbiValue>& values) {
  const auto first =
      std::ranges::find_if(values, [](const AbiValue& value) { return !value.unplaced.empty(); });
  return first == values.end() ? "" : first->unplaced;
}

// A value whose type is not known, and every one behind it, may lie anywhere. `on_stack`: why nothing on the
// stack has a known place.
void mark_unplaced(const std::vector<const SignatureParameter*>& list, std::vector<AbiValue>& values,
                   const std::string& on_stack) {
  std::string reason;
  for (std::size_t i = 0; i < list.size(); ++i) {
    reason = reason.empty() ? list[i]->unknown : reason;
    values[i].unplaced = reason.empty() && !values[i].in_registers ? on_stack : reason;
  }
}

std::string list_of(const std::vector<SignatureParameter>& parameters, const TypeTable& types) {
  std::string list;
  for (const SignatureParameter& parameter : parameters) {
    list += fmt::format("{}{}", list.empty() ? "" : ", ", types[parameter.type].name);
  }
  return list;
}

}  // namespace

Result<FunctionSignature> resolve_signature(const BinaryFacts& facts, TypeLookup& lookup,
                                            const Function& function, const FunctionName& name,
                                            const FunctionDetails& details,
                                            const std::optional<config::Signature>& written) {
  return SignatureResolver(&facts, &lookup, &function, &name, &details).resolve(written);
}

AbiLayout layout_of(const BinaryFacts& facts, TypeLookup& lookup, const FunctionSignature& signature) {
  const SignatureParameter dictionary{"", lookup.word()};
  std::vector<const SignatureParameter*> parameters;
  if (signature.receiver) {
    parameters.push_back(&*signature.receiver);
  }
  if (signature.has_dictionary) {
    parameters.insert(signature.dictionary_first ? parameters.begin() : parameters.end(), &dictionary);
  }
  std::vector<const SignatureParameter*> results;
  const auto address_of = [](const SignatureParameter& one) { return &one; };
  std::ranges::transform(signature.parameters, std::back_inserter(parameters), address_of);
  std::ranges::transform(signature.results, std::back_inserter(results), address_of);

  const auto types_of = [](const std::vector<const SignatureParameter*>& list) {
    std::vector<TypeId> types;
    std::ranges::transform(list, std::back_inserter(types),
                           [](const SignatureParameter* one) { return one->type; });
    return types;
  };
  const auto mark_claimed = [](const std::vector<const SignatureParameter*>& list,
                               std::vector<AbiValue>& values) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      values[i].is_claimed = list[i]->is_claimed;
    }
  };
  AbiLayout layout = assign_registers(lookup.types(), types_of(parameters), types_of(results),
                                      registers_of(facts.architecture));
  mark_claimed(parameters, layout.parameters);
  mark_claimed(results, layout.results);
  mark_unplaced(parameters, layout.parameters, "");
  const bool is_stack_known =
      std::ranges::all_of(layout.parameters, [](const AbiValue& v) { return v.unplaced.empty(); });
  mark_unplaced(results, layout.results, is_stack_known ? "" : unplaced_reason(layout.parameters));
  return layout;
}

std::string to_string(const FunctionSignature& signature, const TypeTable& types) {
  const std::string results = list_of(signature.results, types);
  const char* open = signature.results.size() > 1 ? "(" : "";
  const char* close = signature.results.size() > 1 ? ")" : "";
  return fmt::format("func({}){}{}{}{}", list_of(signature.parameters, types), results.empty() ? "" : " ",
                     open, results, close);
}

}  // namespace plan
