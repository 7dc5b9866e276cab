#include "plan/machine/stepping.hpp"

namespace plan {

bool is_emulated(const Site& site) {
  const std::string& instruction = site.instruction;
  return instruction.starts_with("push") || instruction.starts_with("nop") || instruction.starts_with("j") ||
         instruction.starts_with("call");
}

bool is_stack_check(const Site& site) {
  return site.instruction.starts_with("jbe") && site.inlined_in.empty();
}

}  // namespace plan
