#include "attach/pinned_binary.hpp"

#include <bpf/bpf.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "attach/series_slabs.hpp"
#include "plan/output/encode_plan.hpp"

namespace attach {
namespace {

using base::Result;

constexpr std::string_view kUnit = "unit_";
constexpr std::string_view kPlan = "plan_";

// Every map of a set by the name that its pin has.
template <class Maps>
auto named(Maps& maps) {
  using Fd = std::remove_reference_t<decltype((maps.goroutines))>;
  return std::array<std::pair<const char*, Fd*>, 7>{{{"goroutines", &maps.goroutines},
                                                     {"blank_goroutine", &maps.blank_goroutine},
                                                     {"spilled", &maps.spilled},
                                                     {"unwound", &maps.unwound},
                                                     {"unwound_journal", &maps.unwound_journal},
                                                     {"objects", &maps.objects},
                                                     {"scratches", &maps.scratches}}};
}

template <class Maps>
  requires requires(Maps maps) { maps.series; }
auto named(Maps& maps) {
  using Fd = std::remove_reference_t<decltype((maps.series))>;
  return std::array<std::pair<const char*, Fd*>, 6>{{{"series", &maps.series},
                                                     {"values", &maps.values},
                                                     {"slabs", &maps.slabs},
                                                     {"cursor", &maps.cursor},
                                                     {"free_slots", &maps.free_slots},
                                                     {"fold_journal", &maps.fold_journal}}};
}

template <class Maps>
Result<> pin_maps(const PinFolder& folder, const Maps& maps) {
  for (const auto& [name, map] : named(maps)) {
    RETURN_IF_ERROR(folder.pin(map->value(), name));
  }
  return {};
}

template <class Maps>
Result<> open_maps(const PinFolder& folder, Maps& maps) {
  for (const auto& [name, map] : named(maps)) {
    ASSIGN_OR_RETURN(*map, folder.get(name));
  }
  return {};
}

std::string plan_name(std::uint32_t generation) {
  return fmt::format("{}{}", kPlan, generation);
}

std::string maps_name(std::uint32_t generation) {
  return fmt::format("maps_{}", generation);
}

std::string probe_name(std::uint16_t number) {
  return fmt::format("probe_{}", number);
}

// The number behind a prefix; none where the name is another.
std::optional<std::uint32_t> number_after(std::string_view prefix, std::string_view name) {
  std::uint32_t number = 0;
  if (!name.starts_with(prefix)) {
    return std::nullopt;
  }
  const char* const end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(name.data() + prefix.size(), end, number);
  return error == std::errc{} && rest == end ? std::optional(number) : std::nullopt;
}

nlohmann::json describe(const std::vector<AttachedProbe>& probes) {
  nlohmann::json list = nlohmann::json::array();
  for (const AttachedProbe& probe : probes) {
    list.push_back({{"number", probe.number},
                    {"since_ns", probe.since_ns},
                    {"series_limit", probe.maps.series_limit},
                    {"is_counted", static_cast<bool>(probe.maps.series)}});
  }
  return list;
}

std::string describe(const AttachedBinary& binary) {
  const nlohmann::json json{{"service", binary.service},
                            {"exe", binary.exe},
                            {"device", binary.id.device},
                            {"inode", binary.id.inode},
                            {"size", binary.id.size},
                            {"modified_ns", binary.id.modified_ns},
                            {"changed_ns", binary.id.changed_ns},
                            {"code_digest", binary.code_digest},
                            {"frame_stride", binary.frame_stride},
                            {"in_flight_limit", binary.in_flight_limit},
                            {"gate", binary.gate},
                            {"generation", binary.generation},
                            {"maps_generation", binary.maps_generation},
                            {"probes", describe(binary.probes)},
                            {"unwind_hooks", describe(binary.unwind_hooks)},
                            {"plan", plan::encode_plan(binary.plan)}};
  std::string bytes;
  nlohmann::json::to_cbor(json, bytes);
  return bytes;
}

std::vector<AttachedProbe> probes_of(const nlohmann::json& list) {
  std::vector<AttachedProbe> probes;
  for (const nlohmann::json& json : list) {
    AttachedProbe& probe = probes.emplace_back();
    json.at("number").get_to(probe.number);
    json.at("since_ns").get_to(probe.since_ns);
    json.at("series_limit").get_to(probe.maps.series_limit);
    if (!json.at("is_counted").get<bool>()) {
      probe.error = "it was not attached";
    }
  }
  return probes;
}

Result<AttachedBinary> parse_description(std::string_view bytes) {
  AttachedBinary binary;
  std::string plan;
  try {
    const nlohmann::json json = nlohmann::json::from_cbor(bytes);
    json.at("service").get_to(binary.service);
    json.at("exe").get_to(binary.exe);
    json.at("device").get_to(binary.id.device);
    json.at("inode").get_to(binary.id.inode);
    // A description without them is of a version that did not tell one content of a file from another.
    binary.id.size = json.value("size", std::uint64_t{0});
    binary.id.modified_ns = json.value("modified_ns", std::int64_t{0});
    binary.id.changed_ns = json.value("changed_ns", std::int64_t{0});
    binary.code_digest = json.value("code_digest", std::uint64_t{0});
    json.at("frame_stride").get_to(binary.frame_stride);
    json.at("in_flight_limit").get_to(binary.in_flight_limit);
    json.at("gate").get_to(binary.gate);
    json.at("generation").get_to(binary.generation);
    json.at("maps_generation").get_to(binary.maps_generation);
    binary.probes = probes_of(json.at("probes"));
    binary.unwind_hooks = probes_of(json.at("unwind_hooks"));
    json.at("plan").get_to(plan);
  } catch (const nlohmann::json::exception& error) {
    return base::fail(base::ErrorCode::kUnsupported, "not a description of this version: {}", error.what());
  }
  ASSIGN_OR_RETURN(binary.plan, plan::decode_plan(plan));
  if (binary.plan.probes.size() != binary.probes.size()) {
    return base::fail(base::ErrorCode::kUnsupported, "its description and its plan differ");
  }
  return binary;
}

Result<AttachedBinary> read_description(const PinFolder& unit, const std::string& name) {
  ASSIGN_OR_RETURN(const std::string bytes, unit.read(name));
  return parse_description(bytes);
}

// Leaves out probes whose counts are `seen` in a later generation, opens the maps of the others.
Result<> open_counts(const PinFolder& unit, AttachedBinary& binary, std::set<std::uint16_t>& seen) {
  ASSIGN_OR_RETURN(const PinFolder maps, unit.folder(maps_name(binary.maps_generation)));
  RETURN_IF_ERROR(open_maps(maps, binary.maps));
  for (std::size_t i = binary.probes.size(); i-- > 0;) {
    AttachedProbe& probe = binary.probes[i];
    if (seen.contains(probe.number)) {
      binary.probes.erase(binary.probes.begin() + static_cast<std::ptrdiff_t>(i));
      binary.plan.probes.erase(binary.plan.probes.begin() + static_cast<std::ptrdiff_t>(i));
    } else if (probe.error.empty()) {
      ASSIGN_OR_RETURN(const PinFolder counts, unit.folder(probe_name(probe.number)));
      RETURN_IF_ERROR(open_maps(counts, probe.maps));
      find_slabs(counts, probe.maps);
      RETURN_IF_ERROR(open_slabs(probe.maps));
    }
  }
  for (const AttachedProbe& probe : binary.probes) {
    seen.insert(probe.number);
  }
  return {};
}

// Generations in a unit's folder, the latest first.
std::vector<std::uint32_t> generations_in(const PinFolder& unit) {
  std::vector<std::uint32_t> generations;
  for (const std::string& name : unit.names()) {
    if (const auto generation = number_after(kPlan, name)) {
      generations.push_back(*generation);
    }
  }
  std::ranges::sort(generations, std::ranges::greater());
  return generations;
}

void load_unit(const PinFolder& unit, std::vector<AttachedBinary>& found,
               std::vector<std::string>& problems) {
  std::set<std::uint16_t> seen;
  bool is_latest = true;
  for (const std::uint32_t generation : generations_in(unit)) {
    auto binary = read_description(unit, plan_name(generation));
    auto opened = binary ? open_counts(unit, *binary, seen) : Result<>(std::unexpected(binary.error()));
    if (!opened) {
      problems.push_back(
          fmt::format("{}/{}: {}", unit.path(), plan_name(generation), opened.error().message));
      unit.remove(plan_name(generation));
    } else if (is_latest || !binary->probes.empty()) {
      is_latest = false;
      found.push_back(*std::move(binary));
    } else {
      unit.remove(plan_name(generation));
    }
  }
}

}  // namespace

std::string unit_name(const AttachedBinary& binary) {
  return fmt::format("{}{}", kUnit, binary.gate);
}

std::uint32_t counts_id(const AttachedProbe& probe) {
  bpf_map_info info{};
  __u32 size = sizeof(info);
  return probe.maps.series && bpf_obj_get_info_by_fd(probe.maps.series.value(), &info, &size) == 0 ? info.id
                                                                                                   : 0;
}

PinFolder pinned_counts(const PinFolder& units, const AttachedBinary& binary, const AttachedProbe& probe) {
  return units.existing(unit_name(binary)).existing(probe_name(probe.number));
}

base::Result<> pin_binary(const PinFolder& units, const AttachedBinary& binary) {
  ASSIGN_OR_RETURN(const PinFolder unit, units.folder(unit_name(binary)));
  if (binary.maps.goroutines) {
    ASSIGN_OR_RETURN(const PinFolder maps, unit.folder(maps_name(binary.maps_generation)));
    RETURN_IF_ERROR(pin_maps(maps, binary.maps));
  }
  for (const AttachedProbe& probe : binary.probes) {
    if (probe.maps.series) {
      ASSIGN_OR_RETURN(const PinFolder counts, unit.folder(probe_name(probe.number)));
      RETURN_IF_ERROR(pin_maps(counts, probe.maps));
      unpin_other_slabs(counts, probe.maps);
    }
  }
  return describe_again(units, binary);
}

base::Result<> describe_again(const PinFolder& units, const AttachedBinary& binary) {
  ASSIGN_OR_RETURN(const PinFolder unit, units.folder(unit_name(binary)));
  return unit.write(plan_name(binary.generation), describe(binary));
}

std::vector<AttachedBinary> load_pinned(const PinFolder& units, std::vector<std::string>& problems) {
  std::vector<AttachedBinary> found;
  for (const std::string& name : units.names()) {
    if (!number_after(kUnit, name)) {
      continue;
    }
    const std::size_t before = found.size();
    if (const auto unit = units.folder(name)) {
      load_unit(*unit, found, problems);
    }
    if (found.size() == before) {
      units.remove(name);  // nothing in it can be read
    }
  }
  return found;
}

void unpin_others(const PinFolder& units, const std::vector<const AttachedBinary*>& kept) {
  std::map<std::string, std::set<std::string>> wanted;  // by unit
  for (const AttachedBinary* binary : kept) {
    std::set<std::string>& names = wanted[unit_name(*binary)];
    names.insert({plan_name(binary->generation), maps_name(binary->maps_generation)});
    for (const AttachedProbe& probe : binary->probes) {
      names.insert(probe_name(probe.number));
    }
  }
  for (const std::string& unit : units.names()) {
    if (!number_after(kUnit, unit)) {
      continue;
    }
    if (!wanted.contains(unit)) {
      units.remove(unit);
      continue;
    }
    const PinFolder folder = units.existing(unit);
    for (const std::string& name : folder.names()) {
      if (!wanted.at(unit).contains(name)) {
        folder.remove(name);
      }
    }
  }
}

void unpin(const PinFolder& units, const AttachedBinary& binary, bool whole_unit) {
  const auto unit = units.folder(unit_name(binary));
  if (whole_unit || !unit) {
    units.remove(unit_name(binary));
    return;
  }
  for (const AttachedProbe& probe : binary.probes) {
    unit->remove(probe_name(probe.number));
  }
  unit->remove(plan_name(binary.generation));
  for (const std::uint32_t generation : generations_in(*unit)) {
    const auto other = read_description(*unit, plan_name(generation));
    if (other && other->maps_generation == binary.maps_generation) {
      return;
    }
  }
  unit->remove(maps_name(binary.maps_generation));
}

}  // namespace attach
