#include "collect/poll_object.hpp"

#include "collect/evaluate.hpp"

namespace collect {

std::optional<std::int64_t> poll_object(const plan::Phase& poll, const ProcessMemory& memory,
                                        const RawObject& object, const PollContext& context) {
  std::vector<std::byte> values = object.values;
  const EvaluationInput input{.operations = poll.operations,
                              .text = poll.text,
                              .values = values,
                              .load_bias = context.load_bias,
                              .in_flight = context.in_flight};
  const Evaluation result = evaluate(
      input, [&](std::uint64_t address, std::span<std::byte> to) { return memory.read(address, to); });
  if (!result.valid) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(result.registers[0]);
}

}  // namespace collect
