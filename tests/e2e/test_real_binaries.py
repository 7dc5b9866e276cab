"""Debian's stripped nats-server and prometheus with the shipped examples; the truth is what their clients did."""

import http.server
import json
import re
import socket
import threading
import unittest
import urllib.error
import urllib.parse
import urllib.request

from exporter import start_exporter
from exposition import by_label, family, losses, series
from support import SOURCE, TestCase, required, wait_until

EXAMPLES = SOURCE / "examples"


class NatsClient:
    """The text protocol of NATS, no more of it than the test needs."""

    def __init__(self, address):
        self.socket = socket.create_connection(address, timeout=60)
        self.file = self.socket.makefile("rb")
        self.messages, self.bytes, self.subscriptions = 0, 0, 0
        self.read_until(b"INFO")
        self.send(b'CONNECT {"verbose":false}\r\n')
        self.settle()

    def send(self, data):
        self.socket.sendall(data)

    def read_until(self, word):
        """Counts messages on the way."""
        while True:
            line = self.file.readline()
            if not line:
                raise AssertionError("the server closed the connection")
            if line.startswith(b"MSG "):
                size = int(line.split()[-1])
                self.file.read(size + 2)
                self.messages += 1
                self.bytes += size
            elif line.startswith(word):
                return

    def settle(self):
        """Until the server has handled all that was sent."""
        self.send(b"PING\r\n")
        self.read_until(b"PONG")

    def subscribe(self, subject):
        self.subscriptions += 1
        self.send(f"SUB {subject} {self.subscriptions}\r\n".encode())

    def publish(self, subject, payload):
        self.send(f"PUB {subject} {len(payload)}\r\n".encode() + payload + b"\r\n")

    def close(self):
        self.file.close()
        self.socket.close()


class NatsServer(TestCase):
    @staticmethod
    def delivered(samples, metric):
        """{result: number} of what clients got."""
        return {dict(labels)["result"]: number for labels, number in family(samples, metric).items()
                if ("kind", "client") in labels}

    def test_counts_what_clients_sent_and_received(self):
        server = self.start("nats-server", [required("nats-server"), "-a", "127.0.0.1", "-p", "-1"])
        listening = re.compile(r"client connections on 127\.0\.0\.1:(\d+)")
        port = int(wait_until(lambda: listening.search(server.output()), "the server's port", [server])[1])
        exporter = start_exporter(self, EXAMPLES / "nats-server.yaml")
        exporter.wait_attached("nats")

        clients = [NatsClient(("127.0.0.1", port)) for _ in range(5)]
        for client in clients:
            self.addCleanup(client.close)
        publisher, *subscribers = clients
        for number, subscriber in enumerate(subscribers):
            for _ in range(number + 1):
                subscriber.subscribe("orders.*")
            subscriber.settle()
        sizes = [number * 7 % 900 for number in range(3000)]
        for number, size in enumerate(sizes):
            publisher.publish("orders.new" if number % 3 else "nobody.listens", b"x" * size)
        publisher.settle()
        heard = sum(1 for number in range(len(sizes)) if number % 3)
        for subscriber in subscribers:
            while subscriber.messages < heard * subscriber.subscriptions:
                subscriber.settle()

        samples = exporter.samples()
        self.assertEqual(by_label(samples, "nats_published_total", "kind").get("client"), len(sizes))
        self.assertEqual(by_label(samples, "nats_published_bytes_total", "kind").get("client"), sum(sizes))
        self.assertEqual(self.delivered(samples, "nats_delivered_total"), {"ok": sum(c.messages for c in subscribers)})
        self.assertEqual(self.delivered(samples, "nats_delivered_bytes_total"), {"ok": sum(c.bytes for c in subscribers)})
        self.assertEqual(by_label(samples, "nats_subscribed_total", "kind").get("client"),
                         sum(c.subscriptions for c in subscribers))
        self.assertEqual(by_label(samples, "nats_connections", "kind").get("client"), len(clients))
        self.assertEqual(losses(samples), {})

        for client in clients[:3]:
            client.close()
        exporter.wait_for(lambda s: by_label(s, "nats_connections", "kind").get("client") == 2, "two connections")


class CountingTarget(http.server.BaseHTTPRequestHandler):
    """A target of scrapes that counts them."""

    scrapes = 0

    def do_GET(self):  # pylint: disable=invalid-name
        type(self).scrapes += 1
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"answer 42\n")

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        pass


class PrometheusServer(TestCase):
    def start_target(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), CountingTarget)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server.server_port

    def start_server(self):
        config = self.write("prometheus.yml", json.dumps({
            "global": {"scrape_interval": "1s"},
            "scrape_configs": [{"job_name": "t", "static_configs": [{"targets": [f"127.0.0.1:{self.start_target()}"]}]}]}))
        # The service discovery tells of the target five seconds after the start: the probes are there before.
        return self.start("prometheus", [required("prometheus"), f"--config.file={config}", "--web.listen-address=127.0.0.1:0",
                                         f"--storage.tsdb.path={self.dir / 'data'}"])

    def request(self, path, **query):
        try:
            with urllib.request.urlopen(f"{self.url}{path}?{urllib.parse.urlencode(query)}", timeout=60) as response:
                return response.status
        except urllib.error.HTTPError as error:
            error.read()
            return error.code

    def test_counts_requests_queries_and_scrapes(self):
        exporter = start_exporter(self, EXAMPLES / "prometheus.yaml")
        server = self.start_server()
        exporter.wait_attached("prometheus")
        listening = re.compile(r"Listening on\S* address=(127\.0\.0\.1:\d+)")
        self.url = "http://" + wait_until(lambda: listening.search(server.output()), "the server's address", [server])[1]
        # Not ready is an answer too: it is counted as well.
        asked = [0]

        def ready():
            asked[0] += 1
            return self.request("/-/ready") == 200

        wait_until(ready, "readiness", [server])
        for number in range(200):
            self.assertEqual(self.request("/api/v1/query", query=f"1 + {number}"), 200)
        for _ in range(30):  # fails when it runs
            self.assertEqual(self.request("/api/v1/query", query='label_replace(vector(1), "x", "y", "z", "(")'), 422)
        for _ in range(20):  # never runs
            self.assertEqual(self.request("/api/v1/query", query="up("), 400)
        for number in range(40):
            self.assertEqual(self.request(f"/api/v1/label/name{number}/values"), 200)
        wait_until(lambda: CountingTarget.scrapes >= 3, "three scrapes", [server])

        samples = exporter.wait_for(
            lambda s: s.get(series("scrapes_total")) == CountingTarget.scrapes,
            "as many scrapes as the target has seen")
        self.assertEqual(by_label(samples, "http_requests_total", "path"),
                         {"/-/ready": asked[0], "/api/v1/query": 250, "/api/v1/label/...": 40})
        self.assertEqual(by_label(samples, "http_request_duration_ms_count", "path"),
                         {"/-/ready": asked[0], "/api/v1/query": 250, "/api/v1/label/...": 40})
        self.assertEqual(by_label(samples, "promql_queries_total", "status"), {"ok": 200, "error": 30})
        self.assertEqual(samples[series("promql_query_duration_ms_count")], 230)
        self.assertEqual(samples[series("promql_queries_running")], 0)
        self.assertEqual(losses(samples), {})


if __name__ == "__main__":
    unittest.main()
