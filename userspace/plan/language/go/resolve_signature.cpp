#include "plan/language/go/resolve_signature.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "plan/language/go/generic_receiver.hpp"
#include "plan/language/go/go_calling_convention.hpp"
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
    return shape_of(types, a.type) == shape_of(types, b.type);
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
    RETURN_IF_ERROR(find_receiver());
    std::optional<FunctionSignature> known = from_binary();
    if (!written) {
      return known ? checked(*std::move(known)) : receiver_only();
    }
    ASSIGN_OR_RETURN(FunctionSignature declared, from_config(*written));
    return known ? merged(*std::move(known), declared) : checked(std::move(declared));
  }

 private:
  // The receiver's type, from the function's name.
  Result<> find_receiver() {
    if (name_->receiver.empty() || name_->closure) {
      return {};
    }
    Result<TypeId> known = receiver_type();
    if (!known && !name_->pointer_receiver) {
      return std::unexpected(std::move(known.error()));
    }
    const std::string_view last = short_function_name(name_->package);
    const TypeId type = known ? *known : lookup_->unknown_type(fmt::format("{}.{}", last, name_->receiver));
    receiver_ = SignatureParameter{"recv", name_->pointer_receiver ? lookup_->pointer_to(type) : type};
    return {};
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
    std::optional<std::size_t> unknown;
    for (const config::Parameter& parameter : written.parameters) {
      Result<TypeId> type = lookup_->from_text(parameter.type, name_->package);
      if (!type) {
        if (type.error().code != ErrorCode::kNotFound || unknown) {
          return with_context(std::move(type.error()), "signature: parameter {}",
                              config::to_string(parameter.type));
        }
        unknown = signature.parameters.size();
        unknown_reason_ = type.error().message;
      }
      signature.parameters.push_back({parameter.name, type.value_or(TypeId::kNone)});
    }
    for (const config::Parameter& result : written.results) {
      Result<TypeId> type = lookup_->from_text(result.type, name_->package);
      if (!type) {
        return with_context(std::move(type.error()), "signature: result {}", config::to_string(result.type));
      }
      signature.results.push_back({result.name, *type});
    }
    if (unknown) {
      RETURN_IF_ERROR(infer_size(signature, *unknown, config::to_string(written.parameters[*unknown].type)));
    }
    return signature;
  }

  // A type that the metadata does not have: what the compiler left about the arguments may leave one size
  // only.
  Result<> infer_size(FunctionSignature& signature, std::size_t unknown, const std::string& type_name) {
    std::vector<TypeId> fitting;
    for (const std::uint64_t words : {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{3}}) {
      signature.parameters[unknown].type = lookup_->opaque_words(type_name, words);
      if (function_->arguments_size >= 0 && difference_from_binary(signature).empty()) {
        fitting.push_back(signature.parameters[unknown].type);
      }
    }
    if (fitting.size() != 1) {
      return fail(ErrorCode::kNotFound, "signature: {}; its size cannot be told from the arguments either",
                  unknown_reason_);
    }
    signature.parameters[unknown].type = fitting.front();
    signature.source += fmt::format(" ({} is not in the metadata: {} bytes by the size of the arguments)",
                                    type_name, (*lookup_)[fitting.front()].size);
    return {};
  }

  Result<FunctionSignature> merged(FunctionSignature known, const FunctionSignature& declared) {
    if (!have_same_shape(lookup_->types(), known.parameters, declared.parameters) ||
        !have_same_shape(lookup_->types(), known.results, declared.results)) {
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

  // What does not fit, or "".
  std::string difference_from_binary(const FunctionSignature& signature) {
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
    if (function_->arguments_size >= 0) {
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
  std::string unknown_reason_;
};

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
  std::vector<TypeId> parameters;
  if (signature.receiver) {
    parameters.push_back(signature.receiver->type);
  }
  if (signature.has_dictionary) {
    parameters.insert(signature.dictionary_first ? parameters.begin() : parameters.end(), lookup.word());
  }
  for (const SignatureParameter& parameter : signature.parameters) {
    parameters.push_back(parameter.type);
  }
  std::vector<TypeId> results;
  results.reserve(signature.results.size());
  for (const SignatureParameter& result : signature.results) {
    results.push_back(result.type);
  }
  return assign_registers(lookup.types(), parameters, results, registers_of(facts.architecture));
}

std::string to_string(const FunctionSignature& signature, const TypeTable& types) {
  const std::string results = list_of(signature.results, types);
  const char* open = signature.results.size() > 1 ? "(" : "";
  const char* close = signature.results.size() > 1 ? ")" : "";
  return fmt::format("func({}){}{}{}{}", list_of(signature.parameters, types), results.empty() ? "" : " ",
                     open, results, close);
}

}  // namespace plan
