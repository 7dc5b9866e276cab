"""A real Prometheus that scrapes the exporter."""

import json
import re
import urllib.parse
import urllib.request

from support import required, run, wait_until

CONFIG = """\
global:
  scrape_interval: 1s
  scrape_timeout: 1s
scrape_configs:
"""

JOB = """\
  - job_name: {job}
    metrics_path: {path}
    static_configs: [{{ targets: ["{target}"] }}]
"""


class Prometheus:
    """Scrapes each path of `jobs`, {job: path}, at an exporter."""

    def __init__(self, test, exporter, jobs):
        target = exporter.url.removeprefix("http://")
        config = test.write("prometheus.yml", CONFIG + "".join(
            JOB.format(job=job, path=path, target=target) for job, path in jobs.items()))
        run(required("promtool"), "check", "config", config)
        self.jobs = jobs
        self.process = test.start("prometheus", [
            required("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={test.dir / 'prometheus-data'}",
            "--web.listen-address=127.0.0.1:0"])
        self.url = "http://" + wait_until(self._address, "Prometheus' address", [self.process])
        wait_until(self._ready, "Prometheus' readiness", [self.process])

    def _address(self):
        found = re.search(r"Listening on\S* address=(127\.0\.0\.1:\d+)", self.process.output())
        return found and found[1]

    def _ready(self):
        try:
            with urllib.request.urlopen(self.url + "/-/ready", timeout=10) as response:
                return response.status == 200
        except OSError:
            return False

    def query(self, expression):
        """[({label: value}, number)] of an instant query."""
        text = urllib.parse.urlencode({"query": expression})
        with urllib.request.urlopen(f"{self.url}/api/v1/query?{text}", timeout=60) as response:
            answer = json.load(response)
        if answer["status"] != "success":
            raise AssertionError(f"{expression}: {answer}")
        return [(entry["metric"], float(entry["value"][1])) for entry in answer["data"]["result"]]

    def wait_scraped_after(self, moment):
        """Until every job has a scrape that began after `moment` (seconds since 1970)."""
        def scraped():
            # A sample's timestamp is when its scrape began.
            last = {labels["job"]: number for labels, number in self.query("timestamp(up)")}
            return set(last) == set(self.jobs) and min(last.values()) > moment

        wait_until(scraped, f"a scrape of {', '.join(self.jobs)}", [self.process])
