// Text transforms of labels, in the order the config gives them.
#pragma once

#include <span>
#include <string>

#include "config/probe_config.hpp"

namespace collect {

[[nodiscard]] std::string transform_label(std::span<const config::Transform> transforms, std::string text);

// "SELECT" of "select * from t": the first word, upper case. "" where there is none.
[[nodiscard]] std::string sql_verb(const std::string& statement);

// "t_user" of "UPDATE `t_user` SET ...": the first table that the statement names, without quotes and schema
// quotes.
// "" where there is none.
[[nodiscard]] std::string sql_table(const std::string& statement);

}  // namespace collect
