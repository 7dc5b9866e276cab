#include "collect/identities.hpp"

#include "collect/decode_labels.hpp"

namespace collect {

void Identities::add(const attach::CountedBinary& binary, const std::vector<RawObject>& objects) {
  for (const plan::PlannedProbe& probe : binary.plan.probes) {
    for (const plan::IdentityTarget& target : probe.identity) {
      for (const RawObject& object : objects) {
        if (object.object == target.object && !probe.labels.empty()) {
          learnt_[{object.process, target.label}] =
              decode_label(probe.labels.front(), object.values, 0, binary.plan);
        }
      }
    }
  }
}

std::optional<std::string> Identities::find(std::uint32_t process, const std::string& label) const {
  const auto found = learnt_.find({process, label});
  return found == learnt_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace collect
