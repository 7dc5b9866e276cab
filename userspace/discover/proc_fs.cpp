#include "discover/proc_fs.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstddef>
#include <memory>
#include <string_view>
#include <system_error>

#include "base/unique_fd.hpp"

namespace discover {
namespace {

constexpr std::size_t kMaxFileBytes = 128UL * 1024;  // of any one file
constexpr std::size_t kMaxStrings = 4096;            // arguments or environment variables

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

std::optional<std::string> read_file(const std::string& path) {
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    return std::nullopt;
  }
  std::string content;
  std::array<char, 4096> chunk{};
  while (content.size() < kMaxFileBytes) {
    const ssize_t got =
        ::read(fd.value(), chunk.data(), std::min(chunk.size(), kMaxFileBytes - content.size()));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return std::nullopt;
    }
    if (got == 0) {
      break;
    }
    content.append(chunk.data(), static_cast<std::size_t>(got));
  }
  return content;
}

std::optional<std::string> read_link(const std::string& path) {
  std::array<char, PATH_MAX> target{};
  const ssize_t length = ::readlink(path.c_str(), target.data(), target.size());
  if (length < 0) {
    return std::nullopt;
  }
  return std::string(target.data(), static_cast<std::size_t>(length));
}

// The kernel adds this to the name of a file that was unlinked or replaced.
std::string without_deleted_mark(std::string exe) {
  constexpr std::string_view kMark = " (deleted)";
  if (exe.ends_with(kMark)) {
    exe.resize(exe.size() - kMark.size());
  }
  return exe;
}

std::optional<BinaryId> binary_at(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) {
    return std::nullopt;
  }
  return discover::binary_id_of(status);
}

// "a\0b\0" -> a, b. A process that rewrote its title may have no NUL at all, or a long run of them.
std::vector<std::string> split_at_nuls(std::string_view bytes) {
  std::vector<std::string> strings;
  while (!bytes.empty() && strings.size() < kMaxStrings) {
    const std::size_t end = std::min(bytes.find('\0'), bytes.size());
    strings.emplace_back(bytes.substr(0, end));
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
  return strings;
}

std::map<std::string, std::string> parse_environment(std::string_view bytes) {
  std::map<std::string, std::string> variables;
  for (const std::string& variable : split_at_nuls(bytes)) {
    if (const std::size_t equals = variable.find('='); equals != std::string::npos) {
      variables.emplace(variable.substr(0, equals), variable.substr(equals + 1));
    }
  }
  return variables;
}

// The fields of /proc/PID/stat that follow the command's name: [0] is field 3 of proc(5). The name may hold
// spaces and parentheses, so the last parenthesis ends it.
std::vector<std::string_view> stat_fields(std::string_view stat) {
  std::vector<std::string_view> fields;
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string_view::npos) {
    return fields;
  }
  stat.remove_prefix(name_end + 1);
  while (true) {
    const std::size_t start = stat.find_first_not_of(" \n");
    if (start == std::string_view::npos) {
      return fields;
    }
    const std::size_t end = std::min(stat.find_first_of(" \n", start), stat.size());
    fields.push_back(stat.substr(start, end - start));
    stat.remove_prefix(end);
  }
}

// `number` as in proc(5), where the process's state is 3.
std::optional<std::uint64_t> stat_field(const std::vector<std::string_view>& fields, std::size_t number) {
  const std::size_t index = number - 3;
  return index < fields.size() ? parse_number<std::uint64_t>(fields[index]) : std::nullopt;
}

std::optional<std::uint64_t> start_time_of(const std::string& stat_path) {
  const std::optional<std::string> stat = read_file(stat_path);
  return stat ? stat_field(stat_fields(*stat), 22) : std::nullopt;
}

std::vector<std::string> entries_of(const std::string& directory) {
  std::vector<std::string> names;
  const auto close = [](DIR* stream) { ::closedir(stream); };
  const std::unique_ptr<DIR, decltype(close)> stream(::opendir(directory.c_str()), close);
  while (stream) {
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) {
      break;
    }
    if (const std::string_view name = &entry->d_name[0]; name != "." && name != "..") {
      names.emplace_back(name);
    }
  }
  return names;
}

// "btime 1700000000" of /proc/stat: when the machine booted.
double boot_time_seconds(std::string_view stat) {
  constexpr std::string_view kKey = "\nbtime ";
  const std::size_t start = stat.find(kKey);
  if (start == std::string_view::npos) {
    return 0;
  }
  stat.remove_prefix(start + kKey.size());
  return parse_number<double>(stat.substr(0, stat.find('\n'))).value_or(0);
}

// The soft limit: "Max open files            1024                 524288               files".
std::optional<std::uint64_t> max_open_files(std::string_view limits) {
  constexpr std::string_view kKey = "Max open files";
  const std::size_t line = limits.find(kKey);
  if (line == std::string_view::npos) {
    return std::nullopt;
  }
  limits.remove_prefix(line + kKey.size());
  limits.remove_prefix(std::min(limits.find_first_not_of(' '), limits.size()));
  return parse_number<std::uint64_t>(limits.substr(0, limits.find(' ')));
}

}  // namespace

std::string ProcFs::path_of(pid_t pid, const char* entry) const {
  return fmt::format("{}/{}/{}", root_, pid, entry);
}

std::string ProcFs::exe_path(pid_t pid) const {
  return path_of(pid, "exe");
}

std::vector<pid_t> ProcFs::pids() const {
  std::vector<pid_t> pids;
  for (const std::string& name : entries_of(root_)) {
    if (const std::optional<pid_t> pid = parse_number<pid_t>(name); pid && *pid > 0) {
      pids.push_back(*pid);
    }
  }
  std::ranges::sort(pids);
  return pids;
}

std::optional<std::string> ProcFs::exe(pid_t pid) const {
  std::optional<std::string> exe = read_link(exe_path(pid));
  return exe ? std::optional(without_deleted_mark(*std::move(exe))) : std::nullopt;
}

std::optional<Process> ProcFs::process(pid_t pid, bool with_environment) const {
  const std::optional<std::uint64_t> start_time = start_time_of(path_of(pid, "stat"));
  const std::optional<std::string> exe = read_link(exe_path(pid));
  const std::optional<BinaryId> binary = binary_at(exe_path(pid));
  const std::optional<std::string> arguments = read_file(path_of(pid, "cmdline"));
  if (!start_time || !exe || !binary || !arguments) {
    return std::nullopt;
  }
  Process process{.pid = pid,
                  .start_time_ticks = *start_time,
                  .exe = without_deleted_mark(*exe),
                  .arguments = split_at_nuls(*arguments),
                  .environment = {},
                  .binary = *binary};
  if (with_environment) {
    process.environment = parse_environment(read_file(path_of(pid, "environ")).value_or(""));
  }
  if (below_) {
    process.binary = below_(process, exe_path(pid));
  }
  // The pid may have passed to another process, or the process to another program, while we read.
  const bool still_the_same =
      start_time_of(path_of(pid, "stat")) == start_time && binary_at(exe_path(pid)) == binary;
  return still_the_same ? std::optional(std::move(process)) : std::nullopt;
}

std::optional<base::ResourceUse> ProcFs::resource_use(pid_t pid) const {
  const std::optional<std::string> stat = read_file(path_of(pid, "stat"));
  if (!stat) {
    return std::nullopt;
  }
  const std::vector<std::string_view> fields = stat_fields(*stat);
  const auto field = [&](std::size_t number) { return stat_field(fields, number).value_or(0); };
  const auto ticks_per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  const double boot_time = boot_time_seconds(read_file(root_ + "/stat").value_or(""));
  return base::ResourceUse{.cpu_seconds = static_cast<double>(field(14) + field(15)) / ticks_per_second,
                     .start_time_seconds = boot_time + static_cast<double>(field(22)) / ticks_per_second,
                     .resident_bytes = field(24) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)),
                     .virtual_bytes = field(23),
                     .threads = field(20),
                     .open_fds = entries_of(path_of(pid, "fd")).size(),
                     .max_fds = max_open_files(read_file(path_of(pid, "limits")).value_or(""))};
}

}  // namespace discover
