#include "collect/poll_object.hpp"

#include "collect/evaluate.hpp"
#include "collect/process_memory.hpp"

namespace collect {

std::optional<std::int64_t> poll_object(const plan::ProbePlan& plan, const plan::Phase& poll,
                                        const KnownProcess& process, const RawObject& object,
                                        std::uint64_t in_flight) {
  const ProcessMemory memory(process.pid);
  std::vector<std::byte> values = object.values;
  const EvaluationInput input{
      .operations = poll.operations,
      .text = poll.text,
      .values = values,
      .load_bias = plan.position_independent ? memory.load_bias(inspect::value_of(plan.first_address)) : 0,
      .in_flight = in_flight};
  const Evaluation result =
      evaluate(input, [&](std::uint64_t address, std::span<std::byte> to) { return memory.read(address, to); });
  if (!result.valid) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(result.registers[0]);
}

}  // namespace collect
