#include "plan/assemble/plan_functions.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <iterator>
#include <limits>
#include <utility>

#include "plan/language/go/function_name.hpp"
#include "plan/language/read_function.hpp"
#include "plan/match/match_functions.hpp"

namespace plan {

using base::ErrorCode;
using base::fail;
using base::Result;
using inspect::Function;
using inspect::FunctionDetails;

namespace {

bool is_same_operation(const operation& left, const operation& right) {
  return left.code == right.code && left.d == right.d && left.a == right.a && left.b == right.b &&
         left.size == right.size && left.flags == right.flags && left.text == right.text &&
         left.imm == right.imm;
}

bool is_same_phase(const Phase& left, const Phase& right) {
  return left.text == right.text && left.when == right.when &&
         std::ranges::equal(left.operations, right.operations, is_same_operation);
}

// Of one probe of the config: what stands in the config is the same anyway.
bool is_same_field(const LabelField& left, const LabelField& right) {
  return left.kind == right.kind && left.offset == right.offset && left.size == right.size &&
         left.is_signed == right.is_signed && left.optional == right.optional && left.cases == right.cases;
}

bool is_same_record(const PlannedRecord& left, const PlannedRecord& right) {
  return left.at_return == right.at_return && left.value == right.value && left.when == right.when &&
         left.bounds == right.bounds && left.object_value == right.object_value &&
         is_same_phase(left.poll, right.poll);
}

bool have_same_programs(const PlannedProbe& left, const PlannedProbe& right) {
  return left.framed == right.framed && left.values_size == right.values_size &&
         left.entry_sites.empty() == right.entry_sites.empty() &&
         left.return_sites.empty() == right.return_sites.empty() && is_same_phase(left.enter, right.enter) &&
         is_same_phase(left.leave, right.leave) &&
         std::ranges::equal(left.labels, right.labels, is_same_field) &&
         std::ranges::equal(left.records, right.records, is_same_record);
}

void add_sites_of(PlannedProbe& into, PlannedProbe probe) {
  std::ranges::move(probe.entry_sites, std::back_inserter(into.entry_sites));
  std::ranges::move(probe.return_sites, std::back_inserter(into.return_sites));
  std::ranges::move(probe.copied_into, std::back_inserter(into.copied_into));
}

// What there is to say about the functions of one probe: said once for all of which it is true.
class FunctionNotes {
 public:
  void add(const std::string& function, const std::vector<std::string>& notes) {
    for (const std::string& note : notes) {
      const auto known = std::ranges::find(notes_, note, &std::pair<std::string, std::string>::first);
      if (known == notes_.end()) {
        notes_.emplace_back(note, function);
      } else {
        known->second += ", " + function;
      }
    }
  }

  [[nodiscard]] std::vector<std::string> take() const {
    std::vector<std::string> lines;
    lines.reserve(notes_.size());
    for (const auto& [note, functions] : notes_) {
      lines.push_back(fmt::format("{}: {}", functions, note));
    }
    return lines;
  }

 private:
  std::vector<std::pair<std::string, std::string>> notes_;  // text, functions
};

bool needs_entry(const PlannedProbe& probe) {
  return probe.framed || !probe.enter.operations.empty() ||
         std::ranges::any_of(probe.records, [](const PlannedRecord& record) { return !record.at_return; });
}

bool needs_returns(const PlannedProbe& probe) {
  return probe.framed || !probe.leave.operations.empty() ||
         std::ranges::any_of(probe.records, [](const PlannedRecord& record) { return record.at_return; });
}

// Up to Go 1.20 a body of one instruction could count as its caller's (seen with 1.18 and 1.20 in
// tests/e2e/test_inlined.py).
bool records_every_inlined_call(std::string_view go_version) {
  constexpr std::string_view kPrefix = "go1.";
  constexpr int kFirst = 21;
  const std::size_t at = go_version.find(kPrefix);
  if (at == std::string_view::npos) {
    return false;
  }
  const std::string_view minor = go_version.substr(at + kPrefix.size());
  int number = 0;
  std::from_chars(minor.data(), minor.data() + minor.size(), number);
  return number >= kFirst;
}

// More breakpoints than anybody wants to pay for.
constexpr std::size_t kMostCopies = 1000;

}  // namespace

FunctionPlanner::FunctionPlanner(const inspect::BinaryFacts* facts, TypeLookup* lookup)
    : facts_(facts), lookup_(lookup) {}

Result<const FunctionDetails*> FunctionPlanner::details_of(std::uint32_t function) const {
  const auto found = facts_->details.find(function);
  if (found == facts_->details.end()) {
    return fail(ErrorCode::kNotFound, "the function was not inspected");
  }
  if (!found->second.unusable.empty()) {
    return fail(ErrorCode::kUnsupported, "it cannot be probed: {}", found->second.unusable);
  }
  return &found->second;
}

std::uint16_t FunctionPlanner::number_of(const std::string& function) {
  const auto [known, is_new] = numbers_.emplace(function, static_cast<std::uint16_t>(functions_.size()));
  if (is_new) {
    functions_.push_back(function);
  }
  return known->second;
}

Result<Site> FunctionPlanner::site_at(inspect::VirtualAddress address, const std::string& function,
                                      std::string instruction) {
  const std::optional<inspect::FileOffset> offset = facts_->file_offset_of(address);
  if (!offset) {
    return fail(ErrorCode::kCorruptBinary, "address {:#x} is in no loaded part of the file",
                value_of(address));
  }
  if (facts_->checks_itself_at(address)) {
    return fail(ErrorCode::kUnsupported,
                "it is part of Go's FIPS 140 module, whose code the program compares with a checksum at its "
                "start: a breakpoint in it would end the program; probe a function outside of "
                "crypto/internal/fips140 that calls it (of crypto/sha256, crypto/aes, ...)");
  }
  if (functions_.size() > std::numeric_limits<std::uint16_t>::max() - 1U) {
    return fail(ErrorCode::kUnsupported, "too many functions are probed in one binary");
  }
  Site site;
  site.address = address;
  site.offset = *offset;
  site.function = number_of(function);
  site.instruction = std::move(instruction);
  return site;
}

Result<Site> FunctionPlanner::entry_site(std::uint32_t function) {
  ASSIGN_OR_RETURN(const FunctionDetails* details, details_of(function));
  if (!details->entry_site) {
    return fail(ErrorCode::kUnsupported, "the instruction that allocates its frame was not found");
  }
  return site_at(*details->entry_site, facts_->functions[function].name, details->entry_instruction);
}

Result<FunctionScope> FunctionPlanner::scope_of(std::uint32_t function,
                                                const std::optional<config::Signature>& signature) {
  const Function& facts = facts_->functions[function];
  ASSIGN_OR_RETURN(const FunctionDetails* details, details_of(function));
  return read_function(*facts_, *lookup_, facts, *details, signature);
}

Result<> FunctionPlanner::add_sites(std::uint32_t function, PlannedProbe& probe) {
  if (probe.framed && !frames_impossible_.empty()) {
    return fail(ErrorCode::kUnsupported, "calls cannot be followed to their end: {}", frames_impossible_);
  }
  if (needs_entry(probe)) {
    ASSIGN_OR_RETURN(Site site, entry_site(function));
    probe.entry_sites.push_back(std::move(site));
  }
  if (!needs_returns(probe)) {
    return {};
  }
  ASSIGN_OR_RETURN(const FunctionDetails* details, details_of(function));
  if (!details->no_returns.empty() || details->return_sites.empty()) {
    return fail(ErrorCode::kUnsupported,
                "its returns cannot be probed: {}; a counter of calls without results works",
                details->no_returns.empty() ? "it has no RET" : details->no_returns);
  }
  for (const inspect::VirtualAddress address : details->return_sites) {
    ASSIGN_OR_RETURN(Site site, site_at(address, facts_->functions[function].name, "ret"));
    probe.return_sites.push_back(std::move(site));
  }
  return {};
}

std::vector<std::string> FunctionPlanner::notes_about(std::uint32_t function, const std::string& source,
                                                      bool with_inlined) const {
  std::vector<std::string> notes = {source};
  const std::vector<std::string> callers = holders_of_copies(*facts_, function);
  if (!callers.empty() && !with_inlined) {
    notes.push_back(
        fmt::format("also inlined in {} caller{} ({}): those calls are not counted; a counter counts them "
                    "with inlined: true",
                    callers.size(), callers.size() == 1 ? "" : "s", some_of(callers)));
  }
  return notes;
}

Result<PlannedProbe> FunctionPlanner::plan_one(std::uint32_t function, const ChosenFunctions& chosen,
                                               const CompileFunction& compile) {
  ASSIGN_OR_RETURN(const FunctionScope scope, scope_of(function, *chosen.signature));
  ProbeCompiler compiler(&scope, lookup_, facts_);
  ASSIGN_OR_RETURN(PlannedProbe probe, compile(compiler));
  RETURN_IF_ERROR(add_sites(function, probe));
  if (!chosen.with_inlined) {
    probe.copied_into = holders_of_copies(*facts_, function);
  }
  std::vector<std::string> notes = notes_about(function, scope.signature().source, chosen.with_inlined);
  std::ranges::move(probe.notes, std::back_inserter(notes));
  probe.notes = std::move(notes);
  return probe;
}

Result<PlannedProbe> FunctionPlanner::plan_copies(const std::string& function,
                                                  const CompileFunction& compile) {
  const FunctionScope scope(function, "", FunctionSignature{}, AbiLayout{}, false, *lookup_);
  if (!records_every_inlined_call(facts_->go_version)) {
    return fail(ErrorCode::kUnsupported,
                "its inlined copies cannot be counted: {} does not write down all of them (Go 1.21 and later "
                "do); leave "
                "out inlined, or probe the callers",
                facts_->go_version.empty() ? "a compiler of unknown version" : facts_->go_version);
  }
  ProbeCompiler compiler(&scope, lookup_, facts_);
  ASSIGN_OR_RETURN(PlannedProbe probe, compile(compiler));
  if (needs_returns(probe)) {
    return fail(ErrorCode::kUnsupported, "an inlined copy has no returns to probe");
  }
  const std::vector<inspect::InlinedCopy> copies = copies_of(*facts_, function);
  if (copies.size() > kMostCopies) {
    return fail(ErrorCode::kUnsupported, "it is inlined in {} places, more than {}; leave out inlined",
                copies.size(), kMostCopies);
  }
  for (const inspect::InlinedCopy& copy : copies) {
    if (!copy.site) {
      return fail(ErrorCode::kUnsupported,
                  "its copy in {} cannot be probed: {}; leave out inlined, or probe the callers", copy.caller,
                  copy.unusable);
    }
    ASSIGN_OR_RETURN(Site site, site_at(*copy.site, function, copy.instruction));
    site.inlined_in = copy.caller;
    probe.entry_sites.push_back(std::move(site));
  }
  probe.notes.push_back(
      fmt::format("inlined in {} place{}, which are probed", copies.size(), copies.size() == 1 ? "" : "s"));
  return probe;
}

Result<PlannedFunctions> FunctionPlanner::plan(const ChosenFunctions& chosen,
                                               const CompileFunction& compile) {
  ASSIGN_OR_RETURN(const MatchedFunctions matched,
                   match_functions(*facts_, *chosen.alternatives, chosen.with_inlined));
  std::vector<PlannedProbe> groups;
  std::vector<FunctionNotes> notes;
  std::vector<base::Error> failures;
  const auto take = [&](std::string_view name, PlannedProbe probe) {
    const auto same = std::ranges::find_if(
        groups, [&](const PlannedProbe& group) { return have_same_programs(group, probe); });
    const auto index = static_cast<std::size_t>(same - groups.begin());
    if (same == groups.end()) {
      notes.emplace_back();
    }
    notes[index].add(std::string(name), probe.notes);
    if (same != groups.end()) {
      add_sites_of(*same, std::move(probe));
    } else {
      groups.push_back(std::move(probe));
    }
  };
  for (const std::uint32_t function : matched.functions) {
    const std::string_view name = short_function_name(facts_->functions[function].name);
    if (Result<PlannedProbe> probe = plan_one(function, chosen, compile)) {
      take(name, *std::move(probe));
    } else {
      failures.push_back({probe.error().code, fmt::format("{}: {}", name, probe.error().message)});
    }
  }
  for (const std::string& function : matched.inlined) {
    Result<PlannedProbe> copies = plan_copies(function, compile);
    if (!copies) {
      return with_context(std::move(copies.error()), "{}", short_function_name(function));
    }
    if (!copies->entry_sites.empty()) {
      take(short_function_name(function), *std::move(copies));
    }
  }
  if (groups.empty() && failures.empty()) {
    return fail(ErrorCode::kNotFound, "it is nowhere but in its wrappers");
  }
  if (groups.empty()) {
    return std::unexpected(std::move(failures.front()));
  }
  for (std::size_t i = 0; i < groups.size(); ++i) {
    groups[i].notes = notes[i].take();
  }
  std::ranges::copy(matched.notes, std::back_inserter(groups.front().notes));
  PlannedFunctions planned{.probes = std::move(groups), .left_out = matched.missing};
  std::ranges::transform(failures, std::back_inserter(planned.left_out), &base::Error::message);
  for (const std::string& left_out : planned.left_out) {
    planned.probes.front().notes.push_back("not probed: " + left_out);
  }
  return planned;
}

}  // namespace plan
