"""A running exporter."""

import re
import time
import urllib.error
import urllib.request

from exposition import by_label, parse
from support import BINARY, NO_PINS, wait_until


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body


class Exporter:
    def __init__(self, process):
        self.process = process
        wait_until(lambda: self._port() or not process.running(), "the exporter's port")
        if not self._port():
            raise AssertionError(f"the exporter ended with {process.code()}\n{process.tail()}")
        self.url = f"http://127.0.0.1:{self._port()}"

    def _port(self):
        found = re.search(r"msg=listening.* port=(\d+)", self.process.output())
        return found and int(found[1])

    def request(self, path, method="GET", headers=None):
        request = urllib.request.Request(self.url + path, method=method, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return Answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read())

    def page(self, service=None):
        answer = self.request("/metrics" + (f"/{service}" if service else ""))
        if answer.status != 200:
            raise AssertionError(f"/metrics: {answer.status}\n{self.process.tail()}")
        return answer.body.decode()

    def samples(self, service=None):
        return parse(self.page(service))

    def wait_ready(self):
        wait_until(lambda: self.request("/-/ready").status == 200, "attaching the probes", [self.process])
        return self

    def wait_for(self, condition, what):
        """Scrapes until condition(samples) holds and returns those samples."""
        last = {}

        def check():
            last["samples"] = self.samples()
            return condition(last["samples"])

        wait_until(check, what, [self.process])
        return last["samples"]

    def wait_log(self, text):
        wait_until(lambda: text in self.process.output(), f"log line {text!r}", [self.process])

    def wait_attached(self, *services):
        """Until the probes of these services are in the binary that their processes run."""
        def attached(service):
            return any("msg=attached " in line and f" service={service} " in line
                       for line in self.process.output().splitlines())

        for service in services:
            wait_until(lambda service=service: attached(service), f"attaching to {service}", [self.process])

    def wait_processes(self, **counts):
        """Until the exporter sees so many processes of each service."""
        def seen(samples):
            running = by_label(samples, "uprobe_exporter_service_processes", "service")
            return all(running.get(service) == count for service, count in counts.items())

        return self.wait_for(seen, f"processes: {counts}")

    def stop(self):
        """Returns exit code and seconds."""
        start = time.monotonic()
        return self.process.stop(), time.monotonic() - start


def start_exporter(test, config, *arguments, name="exporter", port=0, ready=True, **options):
    """Its counts end with it, unless it is given --bpf.pin-path."""
    pins = () if "--bpf.pin-path" in arguments else NO_PINS
    process = test.start(name, [BINARY, "run", "--config", config, "--web.listen-address", f"127.0.0.1:{port}", *pins, *arguments],
                         **options)
    exporter = Exporter(process)
    return exporter.wait_ready() if ready else exporter
