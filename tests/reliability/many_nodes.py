#!/usr/bin/env python3
"""What the exporters of a fleet cost the one Prometheus that scrapes them: a real page, of many nodes, on this machine.

    many_nodes.py PAGE [--nodes 1000] [--interval 15] [--rounds 8]

PAGE is what an exporter has shown. Every node shows it, and from scrape to scrape its counts rise by about as much as they are.
Prints the rows of docs/scaling.md.
"""

import argparse
import gzip
import http.server
import json
import pathlib
import random
import sys
import tempfile
import threading
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

# pylint: disable=wrong-import-position
from exposition import parse, series
from prometheus import Prometheus
from support import Process, required, run, wait_until

CONFIG = """\
global: {{ scrape_interval: {interval}s, scrape_timeout: {interval}s }}
scrape_configs:
  - job_name: uprobe_exporter
    honor_labels: true
    http_sd_configs: [{{ url: "http://{address}/targets", refresh_interval: 1h }}]
    relabel_configs:
      - {{ source_labels: [__metrics_path__], target_label: instance }}
"""
COUNTS = ("_total", "_bucket", "_count", "_sum")
OWN_METRICS = ("prometheus_tsdb_head_series", "process_cpu_seconds_total", "process_resident_memory_bytes")
BLOCK_SECONDS = 7200


def raised(page, turn):
    """The samples of the page as (series, value) after so many times its work and a little more."""
    chance = random.Random(turn)
    for line in page.splitlines():
        if not line or line.startswith("#"):
            continue
        name, _, value = line.rpartition(" ")
        if name.partition("{")[0].endswith(COUNTS):
            value = f"{int(float(value)) * turn + chance.randint(0, int(float(value)))}"
        yield name, value


class Fleet(http.server.ThreadingHTTPServer):
    """Every path is a node. All nodes show the same, and the next once each of them has been scraped."""

    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, page, nodes):
        super().__init__(("127.0.0.1", 0), Node)
        self.page, self.nodes, self.scrapes, self.lock, self.turns = page, nodes, 0, threading.Lock(), {}
        self.address = f"127.0.0.1:{self.server_address[1]}"

    def targets(self):
        return json.dumps([{"targets": [self.address], "labels": {"__metrics_path__": f"/node-{n}"}} for n in range(self.nodes)])

    def next_page(self):
        with self.lock:
            turn = self.scrapes // self.nodes
            self.scrapes += 1
            if turn not in self.turns:
                text = "".join(f"{name} {value}\n" for name, value in raised(self.page, 1000 + turn))
                self.turns[turn] = gzip.compress(text.encode(), 1)
            return self.turns[turn]


class Node(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):  # pylint: disable=invalid-name
        is_list = self.path == "/targets"
        body = self.server.targets().encode() if is_list else self.server.next_page()
        self.send_response(200)
        self.send_header("Content-Type", "application/json" if is_list else "text/plain; version=0.0.4")
        if not is_list:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


class Workplace:
    """A folder, and the programs that run in it."""

    def __init__(self, folder):
        self.dir = pathlib.Path(folder)
        self.processes = []

    def start(self, name, command):
        self.processes.append(Process(name, command, self.dir / f"{name}.log"))
        return self.processes[-1]

    def stop(self):
        for process in self.processes:
            process.kill()


def own_metrics(prometheus):
    with urllib.request.urlopen(prometheus.url + "/metrics", timeout=60) as response:
        samples = parse(response.read().decode())
    return {name: samples[series(name)] for name in OWN_METRICS}


def scrape_fleet(page, options, place):
    """What `rounds` scrapes of every node took: (series, samples a second, CPU share, resident bytes)."""
    fleet = Fleet(page, options.nodes)
    threading.Thread(target=fleet.serve_forever, daemon=True).start()
    config = place.dir / "prometheus.yml"
    config.write_text(CONFIG.format(interval=options.interval, address=fleet.address))
    prometheus = Prometheus(place, config)

    def scraped(rounds):
        wait_until(lambda: fleet.scrapes >= rounds * fleet.nodes, f"{rounds} rounds", place.processes,
                   patience=60 + 4 * rounds * options.interval)
        return own_metrics(prometheus)

    before = scraped(2)
    after = scraped(2 + options.rounds)
    seconds = options.rounds * options.interval
    (answered,) = prometheus.query("sum(up)")
    assert answered[1] == fleet.nodes, f"{answered[1]:.0f} of {fleet.nodes} nodes answered"
    return (after["prometheus_tsdb_head_series"], options.nodes * len(list(raised(page, 1))) / options.interval,
            (after["process_cpu_seconds_total"] - before["process_cpu_seconds_total"]) / seconds,
            after["process_resident_memory_bytes"])


def block_bytes_per_sample(page, interval, place):
    """Two hours of one node in a block as Prometheus keeps it."""
    history = place.dir / "history.txt"
    with history.open("w") as file:
        for turn in range(BLOCK_SECONDS // interval):
            for name, value in raised(page, 1000 + turn):
                file.write(f"{name} {value} {BLOCK_SECONDS + turn * interval}\n")
        file.write("# EOF\n")
    run(required("promtool"), "tsdb", "create-blocks-from", "openmetrics", history, place.dir / "blocks")
    blocks = [path.parent for path in (place.dir / "blocks").glob("*/meta.json")]
    size = sum(path.stat().st_size for block in blocks for path in block.rglob("*") if path.is_file())
    samples = sum(json.loads((block / "meta.json").read_text())["stats"]["numSamples"] for block in blocks)
    return size / samples


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("page", type=pathlib.Path)
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--interval", type=int, default=15)
    parser.add_argument("--rounds", type=int, default=8)
    options = parser.parse_args()
    page = options.page.read_text()
    with tempfile.TemporaryDirectory() as folder:
        place = Workplace(folder)
        try:
            samples = len(list(raised(page, 1)))
            print(f"page: {samples} samples, {len(page.encode())} bytes, {len(gzip.compress(page.encode(), 6))} compressed")
            per_sample = block_bytes_per_sample(page, options.interval, place)
            print(f"disk: {per_sample:.2f} bytes a sample, {per_sample * samples * 86400 / options.interval / 1e6:.1f} MB a node and day")
            held, rate, cpu, resident = scrape_fleet(page, options, place)
            print(f"Prometheus, {options.nodes} nodes every {options.interval} s: {held:.0f} series, {rate:.0f} samples/s, "
                  f"{cpu:.2f} cores, {resident / 2**30:.2f} GiB resident, {resident / held / 1000:.1f} kB a series")
        finally:
            place.stop()


if __name__ == "__main__":
    main()
