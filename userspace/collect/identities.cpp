#include "collect/identities.hpp"

#include <bpf/bpf.h>

#include <algorithm>
#include <cstddef>

#include "abi/maps.h"
#include "collect/decode_labels.hpp"

namespace collect {
namespace {

struct LabelProbe {
  const plan::LabelField* field;
  std::uint32_t object;
  std::string id;
};

std::vector<LabelProbe> label_probes(const attach::CountedBinary& binary) {
  std::vector<LabelProbe> found;
  for (const plan::PlannedProbe& probe : binary.plan.probes) {
    for (const plan::IdentityTarget& target : probe.identity) {
      if (!probe.labels.empty() && !probe.services.empty()) {
        found.push_back({.field = &probe.labels.front(),
                         .object = target.object,
                         .id = process_label_id(probe.services.front(), target.label)});
      }
    }
  }
  return found;
}

bool lacks(const KnownProcess& process, const std::string& service, const std::string& id) {
  return std::ranges::find(process.services, service) != process.services.end() &&
         !process.labels.contains(id);
}

}  // namespace

std::vector<LearnedLabel> learned_labels(const attach::CountedBinary& binary,
                                         const std::vector<RawObject>& objects) {
  std::vector<LearnedLabel> learned;
  for (const LabelProbe& probe : label_probes(binary)) {
    for (const RawObject& object : objects) {
      if (object.object == probe.object) {
        learned.push_back({.process = object.process,
                           .id = probe.id,
                           .value = decode_label(*probe.field, object.values, 0, binary.plan)});
      }
    }
  }
  return learned;
}

std::vector<LearnedLabel> read_new_labels(const attach::CountedBinary& binary,
                                          const ProcessTable& processes) {
  std::vector<LearnedLabel> learned;
  const std::vector<LabelProbe> probes = label_probes(binary);
  if (probes.empty() || !binary.maps.objects) {
    return learned;
  }
  std::vector<std::byte> values(binary.frame_stride - sizeof(frame));
  for (const LabelProbe& probe : probes) {
    for (const auto& [number, known] : processes) {
      const object_key key{.process = number, .object = probe.object, .address = 0};
      if (lacks(known, binary.service, probe.id) &&
          bpf_map_lookup_elem(binary.maps.objects.value(), &key, values.data()) == 0) {
        learned.push_back(
            {.process = number, .id = probe.id, .value = decode_label(*probe.field, values, 0, binary.plan)});
      }
    }
  }
  return learned;
}

void Identities::add(const attach::CountedBinary& binary, const std::vector<RawObject>& objects) {
  for (LearnedLabel& label : learned_labels(binary, objects)) {
    learned_.try_emplace({label.process, std::move(label.id)}, std::move(label.value));
  }
}

std::optional<std::string> Identities::find(std::uint32_t process, const std::string& id) const {
  const auto known = processes_->find(process);
  if (known != processes_->end()) {
    if (const auto label = known->second.labels.find(id); label != known->second.labels.end()) {
      return label->second;
    }
  }
  const auto found = learned_.find({process, id});
  return found == learned_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace collect
