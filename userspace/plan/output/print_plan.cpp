#include "plan/output/print_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "base/plural.hpp"
#include "plan/language/go/function_name.hpp"
#include "plan/machine/stepping.hpp"
#include "plan/output/preset_parts.hpp"

namespace plan {
namespace {

using base::plural;
using config::RecordKind;

std::string joined(const std::vector<std::string>& parts, const char* separator) {
  std::string text;
  for (const std::string& part : parts) {
    text += (text.empty() ? "" : separator) + part;
  }
  return text;
}

// What a hit costs the service: a trap, or a trap and a step.
enum class HitCost { kEmulated, kByProgram, kStepped };

const char* name_of(HitCost cost) {
  switch (cost) {
    case HitCost::kEmulated:
      return "emulated: cheap";
    case HitCost::kByProgram:
      return "done by the program: cheap";
    case HitCost::kStepped:
      return "single-stepped: dear";
  }
  return "";
}

const char* kind_name(LabelField::Kind kind) {
  switch (kind) {
    case LabelField::Kind::kString:
      return "string";
    case LabelField::Kind::kInteger:
      return "integer";
    case LabelField::Kind::kBool:
      return "bool";
    case LabelField::Kind::kCase:
      return "case";
    case LabelField::Kind::kType:
      return "type";
    case LabelField::Kind::kFunction:
      return "function";
    case LabelField::Kind::kConstant:
      return "constant";
  }
  return "";
}

std::string describe_label(const LabelField& label) {
  std::string text = fmt::format("{} {}", label.name, kind_name(label.kind));
  switch (label.kind) {
    case LabelField::Kind::kCase:
      return fmt::format("{} of {}, else {} (values +{})", text,
                         joined({label.cases.begin() + 1, label.cases.end()}, ", "), label.cases.front(),
                         label.offset);
    case LabelField::Kind::kFunction:
      return text;
    case LabelField::Kind::kConstant:
      return fmt::format("{} \"{}\"", text, label.cases.front());
    default:
      break;
  }
  text += fmt::format(" (values +{}, {})", label.offset, plural(label.size, "byte"));
  return label.optional ? fmt::format("{}, \"{}\" where there is none", text, label.absent) : text;
}

const char* record_name(RecordKind kind) {
  switch (kind) {
    case RecordKind::kCount:
      return "counter";
    case RecordKind::kDuration:
      return "histogram of the duration";
    case RecordKind::kObserve:
      return "histogram of a value";
    case RecordKind::kInFlight:
      return "gauge of calls in flight";
    case RecordKind::kPairUp:
      return "gauge, +1 for an object";
    case RecordKind::kPairDown:
      return "gauge, -1 for an object";
    case RecordKind::kSet:
      return "gauge, set";
    case RecordKind::kPoll:
      return "gauge, polled";
  }
  return "";
}

std::string describe_record(const PlannedRecord& record) {
  std::string text = fmt::format("{}: {}", record.metric, record_name(record.kind));
  if (record.kind == RecordKind::kPoll) {
    return fmt::format("{} by {} in userspace", text, plural(record.poll.operations.size(), "operation"));
  }
  if (record.kind == RecordKind::kInFlight) {
    return text + ", from entry to return";
  }
  text += record.at_return ? ", at return" : ", at entry";
  return record.bounds.empty() ? text : fmt::format("{}, {}", text, plural(record.bounds.size(), "bound"));
}

class PlanPrinter {
 public:
  PlanPrinter(const ProbePlan* plan, bool emulates_returns)
      : plan_(plan), emulates_returns_(emulates_returns) {}

  std::string print() {
    line("binary {} ({}{})", plan_->binary.empty() ? "-" : plan_->binary, runtime_name(*plan_),
         plan_->position_independent ? ", position independent" : "");
    for (const PlannedProbe& probe : plan_->probes) {
      print_probe(probe);
    }
    print_unwind_hooks();
    for (const SkippedProbe& skipped : plan_->skipped) {
      if (skipped.in_part) {
        continue;  // a note of the probe says so
      }
      line("");
      line("skipped {}", skipped.name);
      line("  reason      {}", skipped.reason);
    }
    print_presets();
    print_totals();
    return std::move(text_);
  }

 private:
  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    text_ += '\n';
  }

  [[nodiscard]] std::string function_of(const Site& site) const {
    return site.function < plan_->functions.size() ? plan_->functions[site.function] : "?";
  }

  void print_sites(const char* what, const std::vector<Site>& sites) {
    if (sites.empty()) {
      return;
    }
    const auto cost_of = [&](const Site& site) {
      const bool by_program = emulates_returns_ && site.instruction == "ret";
      return is_emulated(site) ? HitCost::kEmulated : by_program ? HitCost::kByProgram : HitCost::kStepped;
    };
    const bool is_equal =
        std::ranges::all_of(sites, [&](const Site& site) { return cost_of(site) == cost_of(sites.front()); });
    line("  {:<11} {}{}{}", what, plural(sites.size(), "site"), is_equal ? ", " : "",
         is_equal ? name_of(cost_of(sites.front())) : "");
    for (const Site& site : sites) {
      line("    {:#x}  {:<12} {}{}{}{}", value_of(site.address), site.instruction, function_of(site),
           site.inlined_in.empty() ? "" : ", inlined in " + site.inlined_in, is_equal ? "" : ", ",
           is_equal ? "" : name_of(cost_of(site)));
    }
  }

  void print_probe(const PlannedProbe& probe) {
    line("");
    line("probe {}", probe.name);
    line("  services    {}", joined(probe.services, ", "));
    print_sites("entry", probe.entry_sites);
    print_sites("return", probe.return_sites);
    line("  frame       {}{}", probe.framed ? "kept from entry to return" : "none",
         probe.outermost ? ", outermost call of a goroutine only" : "");
    for (const PlannedRead& read : probe.reads) {
      print_read(read);
    }
    for (const LabelField& label : probe.labels) {
      print_label(probe, label);
    }
    for (const PlannedRecord& record : probe.records) {
      line("  record      {}", describe_record(record));
    }
    for (const Contribution& contribution : probe.contributions) {
      line("  gives       {} to probe {}", plural(contribution.length - 1U, "byte"),
           plan_->probes[contribution.target].name);
    }
    for (const IdentityTarget& identity : probe.identity) {
      line("  learns      {} of the process", identity.label);
    }
    line("  work        {} at entry, {} at return, {} kept",
         plural(probe.enter.operations.size(), "operation"),
         plural(probe.leave.operations.size(), "operation"), plural(probe.values_size, "byte"));
    for (const std::string& note : probe.notes) {
      line("  note        {}", note);
    }
  }

  void print_label(const PlannedProbe& probe, const LabelField& label) {
    line("  label       {}", describe_label(label));
    for (const PlannedProbe& giver : plan_->probes) {
      for (const Contribution& contribution : giver.contributions) {
        if (&plan_->probes[contribution.target] == &probe && contribution.destination + 1 == label.offset) {
          print_within(giver, contribution.at_return);
        }
      }
    }
    for (const config::Transform& transform : label.transforms) {
      line("    then      {}", config::to_string(transform));
    }
  }

  void print_within(const PlannedProbe& giver, bool at_return) {
    std::set<std::string> functions;
    for (const Site& site : at_return ? giver.return_sites : giver.entry_sites) {
      functions.insert(function_of(site));
    }
    for (const std::string& function : functions) {
      line("    within    {}, {}", function, at_return ? "at its return" : "at its entry");
    }
  }

  void print_read(const PlannedRead& read) {
    const char* const moment = read.is_polled ? "at scrape" : read.at_return ? "at return" : "at entry";
    line("  {:<11} {}: {}", moment, read.what, read.expression);
    for (const std::string& path : read.paths) {
      line("    reads     {}", path);
    }
  }

  void print_unwind_hooks() {
    for (const UnwindHook& hook : plan_->unwind_hooks) {
      line("");
      line("hook {}: calls that end without a return", function_of(hook.site));
      print_sites("entry", {hook.site});
      if (hook.kind == UnwindHook::Kind::kRecovery) {
        line("  resumes at  {}", hook.through_panic
                                     ? fmt::format("gp -> +{} -> +{}", hook.panic_offset, hook.sp_offset)
                                     : fmt::format("gp -> +{}", hook.sp_offset));
      }
    }
  }

  void print_presets() {
    for (const PresetParts& parts : preset_parts(*plan_)) {
      line("");
      line("preset {}", parts.preset);
      if (!parts.matched.empty()) {
        line("  in use      {}", joined(parts.matched, ", "));
      }
      if (!parts.absent.empty()) {
        line("  not here    {}", joined(parts.absent, ", "));
      }
    }
  }

  void print_totals() {
    std::size_t entries = 0;
    std::size_t returns = 0;
    bool is_framed = false;
    for (const PlannedProbe& probe : plan_->probes) {
      entries += probe.entry_sites.size();
      returns += probe.return_sites.size();
      is_framed = is_framed || probe.framed;
    }
    line("");
    line("types       of the binary's own metadata, unless something else stands behind a name");
    if (is_framed) {
      line("goroutine   goid +{}, stack.hi +{} in runtime.g", plan_->goroutine.goid,
           plan_->goroutine.stack_hi);
    }
    const auto in_part =
        static_cast<std::size_t>(std::ranges::count(plan_->skipped, true, &SkippedProbe::in_part));
    line("total       {}, {} skipped{}; {} entry, {} return, {} hook sites",
         plural(plan_->probes.size(), "probe"), plan_->skipped.size() - in_part,
         in_part == 0 ? "" : fmt::format(", {} not probed", plural(in_part, "named function")), entries,
         returns, plan_->unwind_hooks.size());
  }

  const ProbePlan* plan_;  // the caller's
  bool emulates_returns_ = false;
  std::string text_;
};

std::string memory_text(const operation& code) {
  return fmt::format("[r{} + {}]", code.a, code.imm);
}

std::string binary_text(const operation& code, const char* symbol) {
  return fmt::format("r{} = r{} {} r{}", code.d, code.a, symbol, code.b);
}

const char* condition_of(const operation& code) {
  return (code.flags & OPERATION_IF_ABSENT) != 0 ? ", if absent" : "";
}

const char* symbol_of(const operation& code) {
  switch (code.code) {
    case OP_ADD:
      return "+";
    case OP_SUBTRACT:
      return "-";
    case OP_MULTIPLY:
      return "*";
    case OP_BIT_AND:
      return "&";
    case OP_EQUAL:
      return "==";
    case OP_NOT_EQUAL:
      return "!=";
    case OP_LESS:
      return "<";
    case OP_LESS_EQUAL:
      return "<=";
    case OP_BELOW:
      return "<u";
    case OP_BELOW_EQUAL:
      return "<=u";
    case OP_AND:
      return "and";
    case OP_OR:
      return "or";
    default:
      return nullptr;
  }
}

}  // namespace

std::string print_plan(const ProbePlan& plan, bool emulates_returns) {
  return PlanPrinter(&plan, emulates_returns).print();
}

std::string print_operation(const operation& code) {
  if (const char* symbol = symbol_of(code)) {
    return binary_text(code, symbol);
  }
  const char* sign = (code.flags & OPERATION_SIGNED) != 0 ? "s" : "u";
  switch (code.code) {
    case OP_BEGIN:
      return "begin";
    case OP_ARGUMENT:
      return fmt::format("r{} = argument {}", code.d, code.a);
    case OP_CAPTURED:
      return fmt::format("r{} = captured +{}", code.d, code.imm);
    case OP_CONSTANT:
      return fmt::format("r{} = {}", code.d, static_cast<std::int64_t>(code.imm));
    case OP_TYPE:
      return fmt::format("r{} = type {:#x}", code.d, code.imm);
    case OP_LOAD:
      return fmt::format("r{} = {}{} {}", code.d, sign, code.size * 8, memory_text(code));
    case OP_LOAD_PAIR:
      return fmt::format("r{}, r{} = pair {}", code.d, code.d + 1, memory_text(code));
    case OP_EXTEND:
      return fmt::format("r{} = {}{} r{}", code.d, sign, code.size * 8, code.a);
    case OP_REQUIRE_EQUAL:
      return fmt::format("require r{} == r{}", code.a, code.b);
    case OP_REQUIRE_ABOVE:
      return fmt::format("require r{} > {}", code.a, code.imm);
    case OP_REQUIRE:
      return fmt::format("require r{}", code.a);
    case OP_STRING_EQUAL:
      return fmt::format("r{} = string r{}, r{} == text +{}, {}", code.d, code.a, code.b, code.imm,
                         code.size);
    case OP_STRING_PREFIX:
      return fmt::format("r{} = string r{}, r{} begins with text +{}, {}", code.d, code.a, code.b, code.imm,
                         code.size);
    case OP_INTERFACE:
      return fmt::format("r{} = r{}, r{} is interface {:#x}", code.d, code.a, code.b, code.imm);
    case OP_TRUTH:
      return fmt::format("r{} = truth r{}", code.d, code.a);
    case OP_NOT:
      return fmt::format("r{} = not r{}", code.d, code.a);
    case OP_CASE:
      return fmt::format("r{} = {} if r{}", code.d, code.imm, code.a);
    case OP_STORE:
      return fmt::format("values +{}, {} = r{}{}", code.imm, code.size, code.a, condition_of(code));
    case OP_STORE_STRING:
      return fmt::format("values +{} = string r{}, r{}, at most {}{}", code.imm, code.a, code.b, code.text,
                         condition_of(code));
    case OP_IN_FLIGHT:
      return fmt::format("r{} = in flight", code.d);
    case OP_PANICKED:
      return fmt::format("r{} = panicked", code.d);
    case OP_DYNAMIC_TYPE:
      return fmt::format("r{} = type of r{}", code.d, code.a);
    default:
      return "end";
  }
}

}  // namespace plan
