"""What deploy/prometheus ships, running: Prometheus, Alertmanager, and somebody who is told."""

import http.server
import json
import re
import threading
import urllib.request

from prometheus import Prometheus, wait_ready
from support import SOURCE, required, run

SHIPPED = SOURCE / "deploy" / "prometheus"


def shorten(rules, minute):
    """Rules whose minutes last `minute` seconds; nothing else in them is changed."""
    return re.sub(r"((?<=\[)|(?<=  for: )|(?<=offset ))(\d+)m\b", lambda found: f"{int(found[2]) * minute}s", rules)


class Listener:
    """Takes Alertmanager's notifications."""

    def __init__(self, workplace):
        self._told = {}    # (receiver, alert's name) -> last state
        self._lock = threading.Lock()
        listener = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # pylint: disable=invalid-name
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                listener.note(self.path.strip("/"), body["alerts"])
                self.send_response(200)
                self.end_headers()

            def log_message(self, format, *args):  # pylint: disable=redefined-builtin
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        workplace.addCleanup(server.shutdown)
        self.port = server.server_port

    def note(self, receiver, alerts):
        with self._lock:
            for alert in alerts:
                self._told[receiver, alert["labels"]["alertname"]] = alert["status"]

    def told(self, labels):
        """What the one whom it concerns was last told of an alert: "firing", "resolved", None."""
        receiver = {"critical": "pager", "warning": "chat"}[labels["severity"]]
        with self._lock:
            return self._told.get((receiver, labels["alertname"]))


class Alertmanager:
    def __init__(self, workplace):
        self.listener = Listener(workplace)
        text = (SHIPPED / "alertmanager.yml").read_text().replace("localhost:9099", f"127.0.0.1:{self.listener.port}")
        text = text.replace("group_wait: 30s", "group_wait: 1s").replace("group_interval: 5m", "group_interval: 1s")
        config = workplace.write("alertmanager.yml", text)
        run(required("amtool"), "check-config", config)
        self.process = workplace.start("alertmanager", [
            required("prometheus-alertmanager"), f"--config.file={config}", f"--storage.path={workplace.dir / 'alertmanager-data'}",
            "--web.listen-address=127.0.0.1:0", "--cluster.listen-address="])
        self.url = wait_ready(self.process, "Alertmanager")

    def alerts(self, inhibited=True):
        """Labels of the alerts that it has now; with or without those of which another alert keeps it from telling."""
        with urllib.request.urlopen(f"{self.url}/api/v2/alerts?inhibited={str(inhibited).lower()}", timeout=10) as response:
            return [alert["labels"] for alert in json.load(response)]


def start_prometheus(workplace, exporter, alertmanager, minute):
    """The shipped configuration and rules, but for addresses and durations."""
    for name in ("recording_rules.yml", "alerts.yml"):
        workplace.write(name, shorten((SHIPPED / name).read_text(), minute))
    text = (SHIPPED / "prometheus.yml").read_text()
    text = text.replace("localhost:19435", exporter.url.removeprefix("http://"))
    text = text.replace("localhost:9093", alertmanager.url.removeprefix("http://"))
    text = text.replace("interval: 15s", "interval: 1s")
    return Prometheus(workplace, workplace.write("prometheus.yml", text))
