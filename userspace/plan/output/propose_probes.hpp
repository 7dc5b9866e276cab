// What a first probe of a function could be: a probes.yaml to begin with.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "inspect/binary_facts.hpp"

namespace plan {

struct ProposedLabel {
  std::string name;        // a label name, unique in its probe
  std::string expression;  // compiles for the function
  std::string type;        // of what it reads
  bool is_likely = false;  // few values, by type or name: on from the start; else offered as a comment

  bool operator==(const ProposedLabel&) const = default;
};

struct ProposedProbe {
  std::string function;       // full name
  std::string metric;         // what the names of its metrics begin with: "cart_order"
  std::string failed;         // condition of label `status`; "": no result says so
  bool has_duration = false;  // its returns can be probed
  bool is_inlined = false;    // it has no body of its own: only a counter is possible
  std::string remark;  // what is not known, or which calls are not seen; "" where there is nothing to say
  std::vector<ProposedLabel> labels;

  bool operator==(const ProposedProbe&) const = default;
};

// For each function that a pattern means (its full name; else as is_listed()). `facts` have the details of
// what wanted_for_list() asks for. kNotFound: a pattern means no function. kUnsupported: more than 20
// functions are meant, or one cannot be probed.
[[nodiscard]] base::Result<std::vector<ProposedProbe>> propose_probes(const inspect::BinaryFacts& facts,
                                                                      std::span<const std::string> patterns);

// The metrics and probes of a probes.yaml; its services are the caller's.
[[nodiscard]] std::string print_proposal(const std::string& service, std::span<const ProposedProbe> probes);

}  // namespace plan
