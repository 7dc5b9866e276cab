#!/usr/bin/python3
"""What the exporter costs, beside client_golang where that does the same: medians of several rounds, which take turns.

    tests/bench/bench.py [NAME...] [--rounds N] [--json FILE]
"""

import argparse
import concurrent.futures
import gzip
import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[1]
BINARY = pathlib.Path(os.environ.get("UPROBE_EXPORTER_BUILD", SOURCE / "build" / "release")).resolve() / "uprobe_exporter"
PATIENCE = 600

SERIES_CONFIG = """
services: {{ series: {{ match: {{ exe: "{exe}" }} }} }}
metrics: {{ calls_total: {{ type: counter, help: Calls., labels: [name], max_series: {limit} }} }}
probes:
  - {{ name: call, service: series, function: main.call, signature: func(name string), labels: {{ name: name }}, record: [calls_total] }}
"""


def wait_until(condition, what, process=None):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if process and process.poll() is not None:
            raise SystemExit(f"bench: {what}: the program has ended with {process.returncode}")
        if time.monotonic() > deadline:
            raise SystemExit(f"bench: {what}: not within {PATIENCE} s")
        time.sleep(0.01)


def go_build(folder, output):
    subprocess.run(["go", "build", "-ldflags=-s -w", "-o", output, "."], cwd=folder, check=True, env={**os.environ, "CGO_ENABLED": "0"})
    return output


class Program:
    """A program in the background, with its output in a file."""

    def __init__(self, folder, *command):
        self.log = pathlib.Path(tempfile.mkstemp(dir=folder, suffix=".log")[1])
        with open(self.log, "wb") as output:
            self.process = subprocess.Popen([str(word) for word in command], stdout=output, stderr=subprocess.STDOUT)

    def wait_for(self, pattern):
        wait_until(lambda: re.search(pattern, self.log.read_text()), pattern, self.process)
        return re.search(pattern, self.log.read_text())

    def processor_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self, field):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{field}:\s+(\d+) kB", status)[1]) / 1024

    def stop(self):
        start = time.monotonic()
        self.process.terminate()
        self.process.wait(PATIENCE)
        return time.monotonic() - start


class Exporter(Program):
    def __init__(self, folder, config):
        super().__init__(folder, BINARY, "run", "--config", config, "--web.listen-address", "127.0.0.1:0", "--bpf.pin-path", "")
        port = self.wait_for(r"msg=listening.* port=(\d+)")[1]
        self.url = f"http://127.0.0.1:{port}"

    def wait_ready(self):
        self.wait_for("msg=ready")
        return self


def fetch(url, compressed=False):
    request = urllib.request.Request(url, headers={"Accept-Encoding": "gzip"} if compressed else {})
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:
        body = response.read()
    return gzip.decompress(body) if compressed else body


def seconds(action, *arguments):
    start = time.monotonic()
    action(*arguments)
    return time.monotonic() - start


class Pair:
    """The exporter with so many series, and a client_golang program with the same."""

    def __init__(self, folder, number):
        exe = go_build(HERE / "programs" / "series", folder / "series")
        config = folder / "series.yaml"
        config.write_text(SERIES_CONFIG.format(exe=exe, limit=number))
        begin = folder / f"begin_{number}"
        self.calls = Program(folder, exe, number, begin)
        self.exporter = Exporter(folder, config).wait_ready()
        begin.touch()
        self.calls.wait_for("end")
        self.other = Program(folder, go_build(HERE / "programs" / "published", folder / "published"), number)
        address = self.other.wait_for(r"listening (\S+)")[1]
        self.urls = {"ours": self.exporter.url + "/metrics", "client_golang": f"http://{address}/metrics"}
        for name, url in self.urls.items():
            found = fetch(url).count(b"\ncalls_total{")
            if found != number:
                raise SystemExit(f"bench: {name} shows {found} series instead of {number}")

    def stop(self):
        for program in (self.exporter, self.other, self.calls):
            program.stop()


def scrape(folder, rounds):
    """A scrape of so many counters with one label: wall time, processor time, memory."""
    for number in (1_000, 10_000, 100_000):
        pair = Pair(folder, number)
        programs = {"ours": pair.exporter, "client_golang": pair.other}
        samples = {}
        for _ in range(rounds):
            for name, url in pair.urls.items():
                before = programs[name].processor_seconds()
                samples.setdefault((name, "wall"), []).append(seconds(fetch, url))
                samples.setdefault((name, "processor"), []).append(programs[name].processor_seconds() - before)
                samples.setdefault((name, "wall, gzip"), []).append(seconds(fetch, url, True))
        for (name, what), values in samples.items():
            yield f"{number} counters, {name}, {what}", values, "s"
        for name, program in programs.items():
            yield f"{number} counters, {name}, RSS at most", [program.memory("VmHWM")], "MiB"
            yield f"{number} counters, {name}, RSS afterwards", [program.memory("VmRSS")], "MiB"
        pair.stop()


def concurrent_scrapes(folder, rounds):
    """Eight scrapers at once against one, and how long /-/healthy takes meanwhile, at worst."""
    pair = Pair(folder, 100_000)
    alone, together, healthy = [], [], []
    with concurrent.futures.ThreadPoolExecutor(8) as scrapers:
        for _ in range(rounds):
            alone.append(seconds(fetch, pair.urls["ours"]))
            start = time.monotonic()
            pages = [scrapers.submit(fetch, pair.urls["ours"]) for _ in range(8)]
            worst = 0.0
            while not all(page.done() for page in pages):
                worst = max(worst, seconds(fetch, pair.exporter.url + "/-/healthy"))
            together.append(time.monotonic() - start)
            healthy.append(worst)
    yield "100000 counters, one scraper", alone, "s"
    yield "100000 counters, eight scrapers at once", together, "s"
    yield "/-/healthy meanwhile, worst of a round", healthy, "s"
    pair.stop()


def write_functions(folder, number):
    """A Go program of so many functions, and a histogram for each."""
    source = ["package main", 'import "time"', "var sum int"]
    for i in range(number):
        source += ["//go:noinline", f"func f{i}(n int) int {{ sum += n; return sum + {i} }}"]
    calls = "; ".join(f"f{i}(1)" for i in range(number))
    source += ["func main() { for { " + calls + "; time.Sleep(10 * time.Millisecond) } }"]
    program = folder / "functions_source"
    program.mkdir(exist_ok=True)
    (program / "main.go").write_text("\n".join(source) + "\n")
    (program / "go.mod").write_text("module functions\n\ngo 1.21\n")
    exe = go_build(program, folder / "functions")
    metrics = "".join(f"  f{i}_ms: {{ type: histogram, help: f., unit: ms, buckets: [1, 10, 100] }}\n" for i in range(number))
    probes = "".join(f"  - {{ name: f{i}, service: functions, function: main.f{i}, record: [f{i}_ms] }}\n" for i in range(number))
    config = folder / "functions.yaml"
    config.write_text(f'services: {{ functions: {{ match: {{ exe: "{exe}" }} }} }}\nmetrics:\n{metrics}probes:\n{probes}')
    return exe, config


def start_stop(folder, rounds):
    """A hundred histograms: from the start to ready, from SIGTERM to the end."""
    exe, config = write_functions(folder, 100)
    program = Program(folder, exe)
    ready, stop = [], []
    for _ in range(rounds):
        start = time.monotonic()
        exporter = Exporter(folder, config).wait_ready()
        ready.append(time.monotonic() - start)
        stop.append(exporter.stop())
    program.stop()
    yield "100 histograms, until ready", ready, "s"
    yield "100 histograms, until stopped", stop, "s"


BENCHMARKS = {"scrape": scrape, "concurrent": concurrent_scrapes, "start_stop": start_stop}


def machine():
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=SOURCE, capture_output=True, text=True, check=True)
    return {"commit": commit.stdout.strip(), "kernel": platform.release(), "processor": model[1] if model else "?",
            "processors": os.cpu_count(), "load": os.getloadavg()[0], "date": time.strftime("%Y-%m-%d")}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    unknown = set(options.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; known are: {', '.join(BENCHMARKS)}")
    result = {"machine": machine(), "figures": {}}
    print(", ".join(f"{key} {value}" for key, value in result["machine"].items()))
    for name in options.names or BENCHMARKS:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="uprobe_exporter_bench_"))
        try:
            for figure, values, unit in BENCHMARKS[name](folder, options.rounds):
                median = statistics.median(values)
                result["figures"][figure] = {"median": median, "least": min(values), "most": max(values), "unit": unit}
                print(f"{figure:60} {median:10.3f} {unit:4} ({min(values):.3f} to {max(values):.3f})", flush=True)
        finally:
            shutil.rmtree(folder)
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
