#include "plan/language/go/generic_receiver.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "plan/language/go/type_arguments.hpp"

namespace plan {

using base::ErrorCode;
using base::fail;
using base::Result;
using inspect::Field;
using inspect::Type;
using inspect::TypeId;
using inspect::TypeKind;

namespace {

constexpr std::string_view kSeparators = "[],*{}() ;";

// The words of a type's text without packages, which are not written alike everywhere, and without the
// numbers that tell local types apart ("main.T·1").
std::set<std::string> words_of(std::string_view text) {
  constexpr std::string_view kLocal = "\u00b7";
  std::set<std::string> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(kSeparators), text.size());
    std::string_view word = text.substr(0, end);
    word.remove_prefix(word.rfind('.') == std::string_view::npos ? 0 : word.rfind('.') + 1);
    word = word.substr(0, word.find(kLocal));
    if (!word.empty()) {
      words.emplace(word);
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

struct Instantiation {
  TypeId type = TypeId::kNone;
  std::vector<std::string> arguments;
};

// What the shape of a type argument says about a type.
enum class Fit { kNone, kLayout, kSame };

class GenericReceiver {
 public:
  GenericReceiver(TypeLookup* lookup, const FunctionName* name, std::string_view function)
      : lookup_(lookup), name_(name), wanted_(type_arguments(function)) {}

  Result<TypeId> find() {
    find_instantiations();
    if (known_.empty()) {
      return fail(ErrorCode::kNotFound, "receiver type {}.{} is not in the binary's type metadata",
                  name_->package, name_->receiver);
    }
    std::ranges::copy_if(known_, std::back_inserter(fitting_),
                         [this](const Instantiation& one) { return fits(one, Fit::kLayout); });
    const auto same =
        std::ranges::find_if(fitting_, [this](const Instantiation& one) { return fits(one, Fit::kSame); });
    base_ = same != fitting_.end() ? *same : fitting_.empty() ? known_.front() : fitting_.front();
    const bool is_laid_out = !fitting_.empty();
    if (!is_struct_in_all() && same != fitting_.end() && fitting_.size() == 1) {
      return base_.type;
    }
    if (!is_struct_in_all() || (!is_laid_out && !name_->pointer_receiver)) {
      return fail(ErrorCode::kUnsupported,
                  "its receiver is passed by value, and how it is laid out cannot be told: the binary's type "
                  "metadata has {}",
                  names_of_known());
    }
    const std::set<std::string> doubtful = doubtful_fields(is_laid_out);
    return doubtful.empty() && same != fitting_.end() ? base_.type : with_doubts(doubtful);
  }

 private:
  [[nodiscard]] const Type& type_of(const Instantiation& one) const { return (*lookup_)[one.type]; }

  void find_instantiations() {
    for (const Type& type : lookup_->types().types()) {
      const auto id = static_cast<TypeId>(&type - lookup_->types().types().data());
      if (type.package == name_->package && type.descriptor && type.name.ends_with(']') &&
          without_type_arguments(type.name).ends_with("." + name_->receiver) &&
          lookup_->doubts_about(id) == nullptr) {
        known_.push_back({id, type_arguments(type.name)});
      }
    }
  }

  [[nodiscard]] bool fits(const Instantiation& one, Fit least) const {
    return std::ranges::equal(one.arguments, wanted_,
                              [&](const std::string& argument, const std::string& wanted) {
                                return fit(argument, wanted) >= least;
                              });
  }

  [[nodiscard]] Fit fit(const std::string& argument, std::string_view wanted) const {
    if (!wanted.starts_with(kShapePrefix)) {
      return argument == wanted ? Fit::kSame : Fit::kNone;
    }
    wanted.remove_prefix(kShapePrefix.size());
    if (wanted == kPointerShape) {
      return argument.starts_with('*') ? Fit::kLayout : Fit::kNone;
    }
    if (argument == wanted) {
      return Fit::kSame;
    }
    const std::optional<TypeId> shape = type_named(wanted);
    const std::optional<TypeId> type = type_named(argument);
    return shape && type && is_alike((*lookup_)[*shape], (*lookup_)[*type]) ? Fit::kLayout : Fit::kNone;
  }

  static bool is_alike(const Type& shape, const Type& type) {
    constexpr TypeKind kLastBasic = TypeKind::kString;
    return shape.package.empty() && shape.kind <= kLastBasic && shape.kind == type.kind &&
           shape.size == type.size;
  }

  [[nodiscard]] std::optional<TypeId> type_named(std::string_view text) const {
    if (text.find_first_of(kSeparators) != std::string_view::npos) {
      return std::nullopt;
    }
    config::TypeText written;
    written.name = text;
    const Result<TypeId> id = lookup_->from_text(written, name_->package);
    return id ? std::optional(*id) : std::nullopt;
  }

  // Instantiations of one declaration have the same fields in the same order.
  [[nodiscard]] bool is_struct_in_all() const {
    const std::vector<Field>& fields = type_of(base_).fields;
    return std::ranges::all_of(known_, [&](const Instantiation& one) {
      return type_of(one).kind == TypeKind::kStruct && one.arguments.size() == base_.arguments.size() &&
             std::ranges::equal(type_of(one).fields, fields, {}, &Field::name, &Field::name);
    });
  }

  // Whether a field's declaration does not use a type parameter. If it did, its type would spell the
  // argument, and differ where the argument differs.
  [[nodiscard]] bool is_independent(std::size_t field, std::size_t parameter) const {
    return std::ranges::any_of(known_, [&](const Instantiation& one) {
      const TypeId type = type_of(one).fields[field].type;
      const std::string& argument = one.arguments[parameter];
      return !std::ranges::includes(words_of((*lookup_)[type].name), words_of(argument)) ||
             std::ranges::any_of(known_, [&](const Instantiation& other) {
               return other.arguments[parameter] != argument && type_of(other).fields[field].type == type;
             });
    });
  }

  // Whether all receivers that this code serves have a field of the base's type here.
  [[nodiscard]] bool is_same_for_shape(std::size_t field, std::size_t parameter) const {
    return parameter < wanted_.size() && fit(base_.arguments[parameter], wanted_[parameter]) == Fit::kSame &&
           std::ranges::all_of(
               fitting_,
               [&](const Instantiation& one) {
                 return type_of(one).fields[field].type == type_of(base_).fields[field].type;
               });
  }

  [[nodiscard]] std::set<std::string> doubtful_fields(bool is_laid_out) const {
    std::set<std::string> doubtful;
    bool offset_is_known = true;
    const std::vector<Field>& fields = type_of(base_).fields;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      bool is_independent_of_all = fields[i].type != TypeId::kNone;
      bool type_is_known = is_independent_of_all;
      for (std::size_t k = 0; k < base_.arguments.size() && type_is_known; ++k) {
        const bool is_free = is_independent(i, k);
        is_independent_of_all = is_independent_of_all && is_free;
        type_is_known = is_free || (is_laid_out && is_same_for_shape(i, k));
      }
      is_independent_of_all = is_independent_of_all && type_is_known;
      offset_is_known = is_laid_out || (offset_is_known && is_independent_of_all);
      if (!type_is_known || !offset_is_known) {
        doubtful.insert(fields[i].name);
      }
    }
    return doubtful;
  }

  [[nodiscard]] std::string names_of_known() const {
    constexpr std::size_t kMostNames = 5;
    std::string names;
    for (std::size_t i = 0; i < std::min(known_.size(), kMostNames); ++i) {
      names += (i == 0 ? "" : ", ") + type_of(known_[i]).name;
    }
    return names + (known_.size() > kMostNames ? ", ..." : "");
  }

  TypeId with_doubts(std::set<std::string> doubtful) {
    std::string name = without_type_arguments(type_of(base_).name) + "[";
    for (const std::string& argument : wanted_) {
      name += (name.ends_with('[') ? "" : ",") + argument;
    }
    return lookup_->with_doubts(base_.type, name + "]", {std::move(doubtful), names_of_known()});
  }

  TypeLookup* lookup_;        // the caller's
  const FunctionName* name_;  // the caller's
  std::vector<std::string> wanted_;
  std::vector<Instantiation> known_;
  std::vector<Instantiation> fitting_;  // those of known_ that this code can serve
  Instantiation base_;
};

}  // namespace

Result<TypeId> generic_receiver(TypeLookup& lookup, const FunctionName& name, std::string_view function) {
  return GenericReceiver(&lookup, &name, function).find();
}

}  // namespace plan
