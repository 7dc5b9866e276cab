#!/usr/bin/python3
"""Runs every command of docs/quickstart.md for real, and writes that file.

make_quickstart.py [--check]    --check only runs it: every command must end well and show what it promises

Programs are private copies with ports of their own; the document shows them as a reader would have them.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("UPROBE_EXPORTER_BUILD", TOP / "build" / "release")).resolve()
DOCUMENT = TOP / "docs" / "quickstart.md"
PATIENCE = 60
LONGEST = 300  # seconds that each part may take
FOLDER = "~/try"  # what the document calls the folder that it works in

NATS = "github.com/nats-io/nats-server/server.(*client)"


class Text:
    """A paragraph."""

    def __init__(self, text):
        self.text = text


class Run:
    """A command whose output is shown; `expect` is a pattern that it must have. `until`: try again until it has it."""

    def __init__(self, command, expect="", until=False, shown=40):
        self.command, self.expect, self.until, self.shown = command, expect, until, shown


class Start:
    """A command in the background, until `ready` ends well."""

    def __init__(self, command, ready):
        self.command, self.ready = command, ready


class Edit:
    """A change of a file by hand: lines that get another text."""

    def __init__(self, file, *changes):
        self.file, self.changes = file, changes


class File:
    """A file that the reader writes."""

    def __init__(self, name, text):
        self.name, self.text = name, text


class Dashboard:
    """Panels of a dashboard, those with `metrics` in their queries: each must show something."""

    def __init__(self, name, *metrics):
        self.name, self.metrics = name, metrics


PROMETHEUS = File("prometheus.yml", """\
scrape_configs:
  - job_name: uprobe_exporter
    scrape_interval: 1s
    static_configs: [{ targets: ["localhost:19435"] }]
""")
START_PROMETHEUS = Start("prometheus --config.file=prometheus.yml --storage.tsdb.path=data --web.listen-address=localhost:9090",
                         "curl -sf localhost:9090/-/ready")
READY = "curl -sf localhost:19435/-/ready"

CUSTOMERS = Run("""for i in {1..50}; do curl -s localhost:8080/products/$i; done >/dev/null
for i in {1..20}; do curl -s -d product=$i localhost:8080/orders; done
for i in {1..5}; do curl -s localhost:8080/reports/$i; done >/dev/null""")

PARTS = [
    ("A program that the exporter has never seen", [
        Text("Debian's `nats-server`: a stripped Go program. It runs, and nobody restarts it."),
        Start("nats-server -a localhost -p 4222 -P nats.pid", "exec 3<>/dev/tcp/localhost/4222"),
        Text("Which functions does it have? Those with \"inbound\" in their name, for a start:"),
        Run("uprobe_exporter functions --pid $(cat nats.pid) inboundClientMsg", re.escape(NATS + ".processInboundClientMsg")),
        Text("A file for the one that handles each published message. What else could be a label stands in it as comments:"),
        Run(f"uprobe_exporter init --pid $(cat nats.pid) '{NATS}.processInboundClientMsg' > probes.yaml && cat probes.yaml",
            "kind: recv.kind", shown=60),
        Text("Is it right, and what would it do? As anybody, without touching the process:"),
        Run("uprobe_exporter plan --config probes.yaml --pid $(cat nats.pid) | tail -n 5", "1 probe, 0 skipped"),
        Text("As root: watch for a few seconds while somebody publishes a hundred messages. No Prometheus is needed for a first look:"),
        Run("""uprobe_exporter run --config probes.yaml --once 8 2>watching &
until grep -q watching watching; do sleep 0.1; done
exec 3<>/dev/tcp/localhost/4222
for i in {1..100}; do printf 'PUB greetings 5\\r\\nhello\\r\\n'; done >&3
wait""", r"\n +100 +[\d.]+ .* 0\n"),
        Text("The kinds of clients are numbers in this program. One line makes words of them; here are all edits:"),
        Edit("probes.yaml", ("      kind: recv.kind", "      kind: { value: recv.kind, map: { 0: client, 1: router, 2: gateway, 3: system } }")),
        Text("Now for good, with a real Prometheus:"),
        PROMETHEUS,
        Start("uprobe_exporter run --config probes.yaml --bpf.pin-path ''", READY),
        START_PROMETHEUS,
        Run("""exec 3<>/dev/tcp/localhost/4222
for i in {1..200}; do printf 'PUB greetings 5\\r\\nhello\\r\\n'; done >&3
printf 'PING\\r\\n' >&3; grep -m1 PONG <&3""", "PONG"),
        Run("promtool query instant http://localhost:9090 client_process_inbound_client_msg_total",
            r'kind="client".* => 200 ', until=True),
        Text("The curve is at http://localhost:9090/graph?g0.tab=0&g0.expr=rate(client_process_inbound_client_msg_total[1m])."),
    ]),
    ("HTTP and SQL without a line of configuration", [
        Text("A shop with `net/http` in front and `database/sql` behind ([examples/shop](../examples/shop)); take a service of your own instead."),
        Run("go build -C ~/uprobe_exporter/examples/shop -ldflags='-s -w' -o $PWD/shop"),
        Start("./shop -listen localhost:8080", "curl -sf localhost:8080/products/1"),
        Run("uprobe_exporter plan --preset http,sql --binary shop | grep -A2 ^preset", "in use      requests"),
        Text("As root:"),
        Start("uprobe_exporter run --preset http,sql --match 'exe=*/shop' --bpf.pin-path ''", READY),
        PROMETHEUS,
        START_PROMETHEUS,
        Text("Customers:"),
        CUSTOMERS,
        Run("promtool query instant http://localhost:9090 'sum by (http_request_method, http_route, http_response_status_code) "
            "(http_server_request_duration_seconds_count)'", "(?s)(?=.*products/.id.*=> 5[0-9] )(?=.*orders.*=> 20 )(?=.*reports.*500.*|.*500.*reports.*)", until=True),
        Run("promtool query instant http://localhost:9090 'sum by (db_operation_name, db_collection_name, error_type) "
            "(db_client_operation_duration_seconds_count)'", r"(?s)INSERT.* => 20 ", until=True),
        Text("A rate needs a second look at each series: they come again."),
        CUSTOMERS,
        Dashboard("red", "http_server_request_duration_seconds", "http_server_active_requests", "db_client_operation_duration_seconds"),
        Text("Rates, errors and latencies of every service with presets are on the dashboard [RED](../deploy/grafana/dashboards/red.json); "
             "import it in Grafana. [presets/README.md](../presets/README.md) says what there is."),
    ]),
]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


class Session:
    """One part: its folder, ports and processes."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="quickstart."))
        # Copies: other programs of these names on this machine are none of ours.
        for program in ("nats-server", "prometheus"):
            shutil.copy(shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin"), self.folder / program)
        self.names = {name: free_port() for name in ("4222", "9090", "19435", "8080")}
        self.processes = []
        self.edited = 0
        self.environment = {**os.environ, "PATH": f"{self.folder}:{BUILD}:{os.environ['PATH']}", "CGO_ENABLED": "0",
                            "HOME": os.environ.get("HOME", "/root")}

    def real(self, text):
        """A command as it is run here."""
        for name, port in self.names.items():
            text = re.sub(rf"(?<=[:/ ]){name}\b", port, text)
        text = text.replace("~/uprobe_exporter", str(TOP)).replace("*/shop", f"{self.folder}/shop")
        if text.startswith("uprobe_exporter run ") and "--once" not in text:
            text += f" --web.listen-address=localhost:{self.names['19435']}"
        return text

    def shown(self, text):
        """What was printed here as the reader will see it."""
        for program in ("nats-server", "prometheus"):
            text = text.replace(f"{self.folder}/{program}", f"/usr/{'sbin' if program == 'nats-server' else 'bin'}/{program}")
        text = text.replace(str(self.folder), FOLDER)
        for name, port in self.names.items():
            text = text.replace(port, name)
        return text

    def bash(self, command):
        return subprocess.run(["bash", "-c", self.real(command)], cwd=self.folder, env=self.environment, capture_output=True,
                              text=True, timeout=PATIENCE)

    def run(self, step):
        deadline = time.monotonic() + PATIENCE
        while True:
            done = self.bash(step.command)
            if done.returncode == 0 and re.search(step.expect, done.stdout):
                break
            if not step.until or time.monotonic() > deadline:
                sys.exit(f"{step.command}\nended with {done.returncode}, expected {step.expect!r}:\n{done.stdout}{done.stderr}")
            time.sleep(0.2)
        lines = self.shown(done.stdout).rstrip().splitlines()
        if len(lines) > step.shown:
            lines = [*lines[:step.shown], "..."]
        return block("console", "\n".join([as_prompt(step.command), *lines]))

    def start(self, step):
        with open(self.folder / f"background-{len(self.processes)}.log", "w") as log:
            process = subprocess.Popen(["bash", "-c", "exec " + self.real(step.command)], cwd=self.folder, env=self.environment,
                                       stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        self.processes.append(process)
        deadline = time.monotonic() + PATIENCE
        while self.bash(step.ready).returncode != 0:
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"{step.command}\n{pathlib.Path(log.name).read_text()}")
            time.sleep(0.1)
        return block("console", as_prompt(step.command + " &"))

    def edit(self, step):
        path = self.folder / step.file
        text = path.read_text()
        for old, new in step.changes:
            assert text.count(old + "\n") == 1, f"{step.file} has no single line {old!r}"
            text = text.replace(old + "\n", new + "\n")
            self.edited += 1
        path.write_text(text)
        return block("diff", "\n".join(f"-{old}\n+{new}" for old, new in step.changes))

    def file(self, step):
        (self.folder / step.name).write_text(self.real(step.text))
        return f"`{step.name}`:\n\n" + block("yaml", step.text.rstrip())

    def has_series(self, expression):
        for name in ("environment", "service", "instance", "pod"):
            expression = expression.replace(f"${name}", ".*")
        query = urllib.parse.urlencode({"query": expression.replace("$__rate_interval", "2m")})
        with urllib.request.urlopen(f"http://localhost:{self.names['9090']}/api/v1/query?{query}", timeout=PATIENCE) as answer:
            return bool(json.load(answer)["data"]["result"])

    def ask(self, step):
        panels = json.loads((TOP / "deploy/grafana/dashboards" / f"{step.name}.json").read_text())["panels"]
        queries = [target["expr"] for panel in panels for target in panel.get("targets", ())
                   if any(metric in target["expr"] for metric in step.metrics)]
        deadline = time.monotonic() + PATIENCE
        while empty := [expression for expression in queries if not self.has_series(expression)]:
            if time.monotonic() > deadline:
                sys.exit(f"dashboard {step.name}: nothing to show for {empty}")
            time.sleep(0.5)
        assert len(queries) > len(step.metrics), queries
        return ""

    def do(self, step):
        kinds = {Text: lambda: step.text + "\n", Run: lambda: self.run(step), Start: lambda: self.start(step),
                 Edit: lambda: self.edit(step), File: lambda: self.file(step), Dashboard: lambda: self.ask(step)}
        return kinds[type(step)]()

    def end(self):
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            process.wait(PATIENCE)
        shutil.rmtree(self.folder)


def as_prompt(command):
    return "\n".join(("$ " if number == 0 else "  ") + line for number, line in enumerate(command.splitlines()))


def block(language, text):
    return f"```{language}\n{text}\n```\n"


def make_part(title, steps):
    session = Session()
    start = time.monotonic()
    try:
        pieces = [session.do(step) for step in steps]
    finally:
        session.end()
    took = time.monotonic() - start
    assert took < LONGEST, f"{title}: {took:.0f} s"
    assert session.edited <= 3, f"{title}: {session.edited} lines were edited"
    print(f"{title}: {took:.0f} s, {session.edited} lines edited")
    return f"## {title}\n\n" + "\n".join(filter(None, pieces))


def main():
    parts = [make_part(title, steps) for title, steps in PARTS]
    if sys.argv[1:] != ["--check"]:
        DOCUMENT.write_text(
            "# Quick start\n\nEach part takes a minute or two. `tests/quickstart/make_quickstart.py` has run all of it on Debian 12 and written down "
            "what came out.\n\nAs root, in an empty folder, with `uprobe_exporter` in the path ([README](../README.md#quick-start) builds it), and with "
            "`apt-get install nats-server prometheus curl`:\n\n" + "\n".join(parts))


if __name__ == "__main__":
    main()
