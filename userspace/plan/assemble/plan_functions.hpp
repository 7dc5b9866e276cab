// The functions that a probe means, each compiled and given its sites; those that read alike share one
// PlannedProbe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "config/expression.hpp"
#include "inspect/binary_facts.hpp"
#include "plan/compile/compile_probe.hpp"
#include "plan/language/type_lookup.hpp"
#include "plan/probe_plan.hpp"

namespace plan {

// What is wanted of each function, given its compiler.
using CompileFunction = std::function<base::Result<PlannedProbe>(ProbeCompiler&)>;

// Which functions, as the config names them.
struct ChosenFunctions {
  const std::vector<std::string>* alternatives = nullptr;
  const std::optional<config::Signature>* signature = nullptr;
  bool with_inlined = false;  // their inlined copies too
};

struct PlannedFunctions {
  std::vector<PlannedProbe> probes;   // at least one
  std::vector<std::string> left_out;  // functions that were named and are not probed, each with the reason
};

class FunctionPlanner {
 public:
  FunctionPlanner(const inspect::BinaryFacts* facts, TypeLookup* lookup);

  // Why no frames can be kept in this binary; "" where they can.
  void set_frames_impossible(std::string reason) { frames_impossible_ = std::move(reason); }

  // Where all functions of a pattern fail, the error is that of the first.
  base::Result<PlannedFunctions> plan(const ChosenFunctions& chosen, const CompileFunction& compile);

  // The site of a function, its name taken into functions().
  base::Result<Site> entry_site(std::uint32_t function);

  // Names, by Site::function.
  std::vector<std::string> take_functions() { return std::move(functions_); }

 private:
  base::Result<PlannedProbe> plan_one(std::uint32_t function, const ChosenFunctions& chosen,
                                      const CompileFunction& compile);
  // All copies of one function; an error if one of them cannot be probed, since the count would be wrong.
  base::Result<PlannedProbe> plan_copies(const std::string& function, const CompileFunction& compile);
  base::Result<FunctionScope> scope_of(std::uint32_t function,
                                       const std::optional<config::Signature>& signature);
  base::Result<> add_sites(std::uint32_t function, PlannedProbe& probe);
  base::Result<Site> site_at(inspect::VirtualAddress address, const std::string& function,
                             std::string instruction);
  std::uint16_t number_of(const std::string& function);
  [[nodiscard]] base::Result<const inspect::FunctionDetails*> details_of(std::uint32_t function) const;
  [[nodiscard]] std::vector<std::string> notes_about(std::uint32_t function, const std::string& source,
                                                     bool with_inlined) const;

  const inspect::BinaryFacts* facts_;  // the caller's
  TypeLookup* lookup_;                 // the caller's
  std::string frames_impossible_;
  std::vector<std::string> functions_;
  std::map<std::string, std::uint16_t> numbers_;
};

}  // namespace plan
