"""A real Prometheus that scrapes the exporter."""

import json
import re
import urllib.parse
import urllib.request

import yaml

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


def plain_config(exporter, jobs):
    """Text of a configuration that scrapes each path of `jobs`, {job: path}, at an exporter."""
    target = exporter.url.removeprefix("http://")
    return CONFIG + "".join(JOB.format(job=job, path=path, target=target) for job, path in jobs.items())


def listening_address(process):
    """Where a program of Prometheus' family has said that it listens."""
    found = re.search(r"Listening on.* address=(127\.0\.0\.1:\d+)", process.output())
    return found and found[1]


def wait_ready(process, name):
    """The URL of a program of Prometheus' family, once it is ready."""
    url = "http://" + wait_until(lambda: listening_address(process), f"{name}'s address", [process])

    def ready():
        try:
            with urllib.request.urlopen(url + "/-/ready", timeout=10) as response:
                return response.status == 200
        except OSError:
            return False

    wait_until(ready, f"{name}'s readiness", [process])
    return url


class Prometheus:
    """Runs on a configuration file."""

    def __init__(self, test, config):
        run(required("promtool"), "check", "config", config)
        self.jobs = {job["job_name"] for job in yaml.safe_load(config.read_text())["scrape_configs"]}
        self.process = test.start("prometheus", [
            required("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={test.dir / 'prometheus-data'}",
            "--web.listen-address=127.0.0.1:0"])
        self.url = wait_ready(self.process, "Prometheus")

    def ask(self, path, **parameters):
        """`data` of an answer of the API."""
        text = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{text}", timeout=60) as response:
            answer = json.load(response)
        if answer["status"] != "success":
            raise AssertionError(f"{path} {parameters}: {answer}")
        return answer["data"]

    def query(self, expression):
        """[({label: value}, number)] of an instant query."""
        return [(entry["metric"], float(entry["value"][1])) for entry in self.ask("query", query=expression)["result"]]

    def wait_scraped_after(self, moment):
        """Until every job has a scrape that began after `moment` (seconds since 1970)."""
        def scraped():
            # A sample's timestamp is when its scrape began.
            last = {labels["job"]: number for labels, number in self.query("timestamp(up)")}
            return set(last) == self.jobs and min(last.values()) > moment

        wait_until(scraped, f"a scrape of {', '.join(sorted(self.jobs))}", [self.process])
