// What each command does; the exit status is the result: 0 well, 1 failed, 2 wrong configuration.
#pragma once

#include "app/options.hpp"

namespace app {

[[nodiscard]] int execute(const RunOptions& options);
[[nodiscard]] int execute(const CheckOptions& options);
[[nodiscard]] int execute(const PlanOptions& options);
[[nodiscard]] int execute(const FunctionsOptions& options);
[[nodiscard]] int execute(const TypesOptions& options);
[[nodiscard]] int execute(const InitOptions& options);
[[nodiscard]] int execute(const FeaturesOptions& options);
[[nodiscard]] int execute(const UnloadOptions& options);

}  // namespace app
