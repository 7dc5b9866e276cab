// ProbePlan -> AttachedBinary: the façade of stage 5.
#pragma once

#include <cstddef>
#include <set>
#include <string>

#include "attach/attach_request.hpp"
#include "attach/attached_binary.hpp"
#include "attach/kernel_support.hpp"
#include "base/error.hpp"
#include "discover/target.hpp"
#include "plan/probe_plan.hpp"

namespace attach {

// Loads what the plan says and attaches it to the processes of the target; it counts when its gate is opened
// (gate.hpp). `file` is what the plan was made from: with a lease every process that runs it is probed,
// without only the members of the target. A probe that the kernel refuses carries its error and the others go
// on; the error returned means that nothing at all can be attached. Without any links: the file has changed
// meanwhile, or a writer waits for it, or the members have ended.
[[nodiscard]] base::Result<AttachedBinary> attach_binary(const AttachRequest& request, plan::ProbePlan plan,
                                                         HeldFile file, UnitNumbers& numbers);

// With Scope::kProcess: whether a process of the target has no links yet.
[[nodiscard]] bool has_new_member(const AttachedBinary& binary, const discover::Target& target);

// With Scope::kProcess: attaches to members that are new, and moves the links of those that are gone to
// `gone`. Where the file does not hold what was inspected, new members get none.
[[nodiscard]] base::Result<> follow_members(AttachedBinary& binary, const discover::Target& target,
                                            const KernelSupport& kernel, Links& gone);

// The links of some probes (indexes into `probes`), which no binary has any more.
[[nodiscard]] Links take_links(AttachedBinary& binary, const std::set<std::size_t>& probes);

// Links of one probe like those that the others have now; changes nothing. `open_path` opens the binary where
// no lease does. Error: the kernel refuses some, a process is gone, or the file is another.
[[nodiscard]] base::Result<Links> link_again(const AttachedBinary& binary, std::size_t probe,
                                             const std::string& open_path, const KernelSupport& kernel);

void add_links(AttachedBinary& binary, Links links);

// Calls that began before the probes have been looked for: those that were settling are attached.
void settle(AttachedBinary& binary);

// What was counted stays.
[[nodiscard]] Detached detach(AttachedBinary& binary);

}  // namespace attach
