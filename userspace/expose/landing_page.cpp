#include "expose/landing_page.hpp"

#include <fmt/format.h>

#include <iterator>
#include <string_view>

#include "base/utf8.hpp"

namespace expose {
namespace {

constexpr std::string_view kHead = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>uprobe_exporter</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .25rem 1rem .25rem 0; border-bottom: 1px solid #8884; }
td.number, th.number { text-align: right; }
</style>
</head>
<body>
)";

// Everything that came from a configuration or a process goes through here.
std::string html(std::string_view text) {
  std::string result;
  for (const char c : base::to_valid_utf8(text)) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

template <class... Args>
void append(std::string& page, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(page), format, std::forward<Args>(args)...);
}

void append_services(std::string& page, const std::vector<metrics::ServiceState>& services) {
  page += "<h2>Services</h2>\n<table>\n<tr><th>Service</th><th class=\"number\">Processes</th></tr>\n";
  for (const metrics::ServiceState& service : services) {
    append(page, "<tr><td><a href=\"/metrics/{0}\">{0}</a></td><td class=\"number\">{1}</td></tr>\n",
           html(service.service), service.processes);
  }
  page += "</table>\n";
}

void append_attached(std::string& page, const std::vector<metrics::AttachedProbe>& probes) {
  append(page, "<h2>Attached probes ({})</h2>\n", probes.size());
  page +=
      "<table>\n<tr><th>Probe</th><th class=\"number\">Sites</th><th class=\"number\">Hits</th><th "
      "class=\"number\">Copies not counted</th></tr>\n";
  for (const metrics::AttachedProbe& probe : probes) {
    append(page,
           "<tr><td>{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td><td "
           "class=\"number\">{}</td></tr>\n",
           html(probe.probe), probe.sites, probe.hits, probe.inlined_copies);
  }
  page += "</table>\n";
}

void append_skipped(std::string& page, const std::vector<metrics::NotAttachedProbe>& probes) {
  if (probes.empty()) {
    return;
  }
  append(page, "<h2>Skipped probes ({})</h2>\n<table>\n<tr><th>Probe</th><th>Reason</th></tr>\n",
         probes.size());
  for (const metrics::NotAttachedProbe& probe : probes) {
    append(page, "<tr><td>{}</td><td>{}</td></tr>\n", html(probe.probe), html(probe.reason));
  }
  page += "</table>\n";
}

}  // namespace

std::string landing_page(const metrics::SelfState& state) {
  std::string page(kHead);
  page += "<h1>uprobe_exporter</h1>\n<p>Prometheus metrics from the functions of unmodified programs.</p>\n";
  append(page, "<p>Version {} ({})</p>\n", html(state.build.version), html(state.build.revision));
  page +=
      "<ul>\n<li><a href=\"/metrics\">/metrics</a></li>\n<li><a href=\"/-/healthy\">/-/healthy</a></li>\n"
      "<li><a href=\"/-/ready\">/-/ready</a></li>\n</ul>\n";
  append_services(page, state.services);
  append_attached(page, state.attached);
  append_skipped(page, state.not_attached);
  page += "</body>\n</html>\n";
  return page;
}

}  // namespace expose
