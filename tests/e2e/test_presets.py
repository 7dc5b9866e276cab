"""Presets beside real programs: every series equal to what a real client saw. Oldest and newest versions of the libraries."""

import collections
import http.client
import http.server
import json
import threading
import unittest

import exposition
import gofixture
from exporter import Exporter
from support import BINARY, NO_PINS, TestCase, required, run, wait_until

OLDEST_GO, NEWEST_GO, NEXT_GO = "go1.22.12", "", "go1.27.4"


def counts(samples, histogram, *labels):
    """{values of the labels, in their order: calls}; the sum over all other labels."""
    found = collections.Counter()
    for pairs, number in exposition.family(samples, histogram + "_count").items():
        values = dict(pairs)
        found[tuple(values.get(label, "") for label in labels)] += int(number)
    return {key: number for key, number in found.items() if number}


class PresetTest(TestCase):
    def watch(self, presets, exe, *arguments):
        process = self.start("exporter", [BINARY, "run", "--preset", presets, "--match", f"exe={exe}", "--web.listen-address",
                                          "127.0.0.1:0", *NO_PINS, *arguments])
        exporter = Exporter(process).wait_ready()
        self.addCleanup(lambda: self.assertEqual(exposition.losses(exporter.samples()), {}))
        return exporter


class Http(PresetTest):
    PATHS = (
        # method, path, route, status
        ("GET", "/items/17", "/items/{id}", 200),
        ("GET", "/items/abc?x=1", "/items/{id}", 200),
        ("HEAD", "/items/17", "/items/{id}", 200),
        ("POST", "/items", "/items", 201),
        ("GET", "/silent", "/silent", 200),
        ("PUT", "/fail", "/fail", 500),
        ("GET", "/moved", "/moved", 302),
        ("GET", "/nested/deep/1", "/deep/{x}", 200),
        ("GET", "/nested/shallow", "", 404),
        ("GET", "/wp-login.php", "", 404),
        ("DELETE", "/items", "", 405),
        ("BREW", "/items/17", "", 405),
    )
    OWN_PATHS = (
        ("GET", "/users/17", "", 200),
        ("GET", "/nobody/19", "", 404),
    )

    def by_http_1(self, port, paths, truth, rounds):
        """A connection of Python's client."""
        client = http.client.HTTPConnection("127.0.0.1", port)
        for _ in range(rounds):
            for method, path, route, status in paths:
                client.request(method, path)
                response = client.getresponse()
                response.read()
                self.assertEqual(response.status, status, path)
                truth["_OTHER" if method == "BREW" else method, route, str(status)] += 1
        client.close()

    def by_http_2(self, port, paths, truth, rounds):
        """curl, all requests of one kind over one connection."""
        for method, path, route, status in paths:
            way = ["--head"] if method == "HEAD" else ["-X", method]
            url = f"https://127.0.0.1:{port}{path}"
            out = run(required("curl"), "-sk", "--http2", *way, "-w", "%{http_version} %{http_code}\n", *["-o", "/dev/null", url] * rounds)
            self.assertEqual(out.stdout.split("\n")[:-1], [f"2 {status}"] * rounds, path)
            truth["_OTHER" if method == "BREW" else method, route, str(status)] += rounds

    def check(self, toolchain):
        exe = gofixture.build("preset_http", toolchain=toolchain, variant=f"preset{toolchain}")
        program = gofixture.Driven(self, exe, ready=None)
        plain, secure, own = (int(port) for port in program.answer().split())
        exporter = self.watch("http", exe)
        truth = collections.Counter()
        self.by_http_1(plain, self.PATHS, truth, 10)
        self.by_http_1(own, self.OWN_PATHS, truth, 10)
        self.by_http_2(secure, self.PATHS, truth, 10)
        samples = exporter.samples()
        self.assertEqual(counts(samples, "http_server_request_duration_seconds", "http_request_method", "http_route",
                                "http_response_status_code"), truth)
        self.assertEqual({number for number in exposition.family(samples, "http_server_active_requests").values()}, {0})
        self.check_client(exporter, program, plain, secure)

    def check_client(self, exporter, program, plain, secure):
        """What the program asks of a server in Python, of itself by HTTP/2, and of a port where nobody listens."""
        asked = collections.Counter()

        class Answer(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                status = int(self.path[1:])
                asked["GET", "127.0.0.1", str(self.server.server_port), str(status)] += 1
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.addCleanup(server.server_close)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        for _ in range(20):
            for status in (200, 204, 404, 503):
                program.ask(f"GET http://127.0.0.1:{server.server_port}/{status}", f"{status} HTTP/1.1")
            program.ask(f"POST https://127.0.0.1:{secure}/items", "201 HTTP/2.0")
            asked["POST", "127.0.0.1", str(secure), "201"] += 1
            # A redirect is two requests.
            program.ask(f"GET http://127.0.0.1:{plain}/moved", "200 HTTP/1.1")
            asked["GET", "127.0.0.1", str(plain), "302"] += 1
            asked["GET", "127.0.0.1", str(plain), "200"] += 1
            program.ask("GET http://127.0.0.1:1/", "error")
        samples = exporter.samples()
        labels = ("http_request_method", "server_address", "server_port", "http_response_status_code")
        counted = counts(samples, "http_client_request_duration_seconds", *labels)
        failed = counts(samples, "http_client_request_duration_seconds", "server_port", "http_response_status_code", "error_type")
        self.assertEqual(counted.pop(("GET", "127.0.0.1", "1", "")), 20)
        self.assertEqual(failed["1", "", "*net.OpError"], 20)
        self.assertEqual({error for _, _, error in failed}, {"", "*net.OpError"})
        self.assertEqual(counted, asked)
        program.stop()

    def test_oldest_go(self):
        self.check(OLDEST_GO)

    def test_newest_go(self):
        self.check(NEWEST_GO)

    def test_next_go(self):
        """In which HTTP/2 is a package of its own."""
        self.check(NEXT_GO)


class Routers(PresetTest):
    """The route is the template of whichever router has served a request."""

    ID = {"gin": ":id", "echo": ":id", "echo5": ":id", "chi": "{id}", "mux": "{id:[a-z0-9]+}"}

    def check(self, nested_chi, toolchain, *flags):
        exe = gofixture.build("preset_routers", flags=(*gofixture.STRIPPED, *flags), toolchain=toolchain, variant=f"preset{toolchain}")
        program = gofixture.Driven(self, exe, ready=None)
        ports = dict(word.split("=") for word in program.answer().split())
        exporter = self.watch("http-server", exe)
        truth = collections.Counter()
        for name, port in ports.items():
            client = http.client.HTTPConnection("127.0.0.1", int(port))
            orders = nested_chi if name == "chi" else "/v1/orders"
            for method, path, route, status in (("GET", "/users/17", f"/users/{self.ID[name]}", 200), ("POST", "/v1/orders", orders, 201),
                                                ("GET", "/fail", "/fail", 500), ("GET", "/nothing", "", 404)):
                for _ in range(10):
                    client.request(method, path)
                    response = client.getresponse()
                    response.read()
                    self.assertEqual(response.status, status, (name, path))
                    truth[method, route, str(status)] += 1
            client.close()
        self.assertEqual(counts(exporter.samples(), "http_server_request_duration_seconds", "http_request_method", "http_route",
                                "http_response_status_code"), truth)
        program.stop()

    def test_oldest(self):
        self.check("/orders", OLDEST_GO, "-modfile=oldest.mod")

    def test_newest(self):
        self.check("/v1/orders", NEWEST_GO, "-tags=echo5")


class Sql(PresetTest):
    ROUNDS = 25

    def check(self, toolchain):
        exe = gofixture.build("preset_sql", toolchain=toolchain, variant=f"preset{toolchain}")
        program = gofixture.Driven(self, exe)
        exporter = self.watch("sql", exe)
        program.send(str(self.ROUNDS))
        truth = json.loads(program.answer())
        self.assertEqual(sum(truth.values()), 12 * self.ROUNDS)
        counted = counts(exporter.samples(), "db_client_operation_duration_seconds", "db_operation_name", "db_collection_name",
                         "error_type", "db_system_name")
        self.assertEqual(counted, {(verb, table, error[0] if error else "", "postgresql"): number
                                   for (verb, table, *error), number in ((key.split(), number) for key, number in truth.items())})
        program.stop()

    def test_oldest_go(self):
        self.check(OLDEST_GO)

    def test_newest_go(self):
        self.check(NEWEST_GO)


class Redis(PresetTest):
    TIMES = 20

    def check(self, toolchain, *flags):
        socket = self.dir / "redis.sock"
        server = self.start("redis", [required("redis-server"), "--port", "0", "--unixsocket", socket, "--save", ""], cwd=self.dir)
        wait_until(socket.exists, "the server's socket", [server])
        exe = gofixture.build("preset_redis", flags=(*gofixture.STRIPPED, *flags), toolchain=toolchain, variant=f"preset{toolchain}")
        program = gofixture.Driven(self, exe, socket)
        exporter = self.watch("redis", exe)
        program.ask(str(self.TIMES), "done")
        truth = {("redis", "SET", ""): 1, ("redis", "GET", ""): 2, ("redis", "INCR", "_OTHER"): 1, ("redis", "HSET", ""): 1,
                 ("redis", "PIPELINE", ""): 1, ("redis", "MULTI", ""): 1}
        self.assertEqual(counts(exporter.samples(), "db_client_operation_duration_seconds", "db_system_name", "db_operation_name",
                                "error_type"), {key: times * self.TIMES for key, times in truth.items()})
        program.stop()

    def test_oldest(self):
        self.check(OLDEST_GO, "-modfile=oldest.mod")

    def test_newest(self):
        self.check(NEWEST_GO)


CODES = {0: "OK", 1: "CANCELLED", 2: "UNKNOWN", 5: "NOT_FOUND", 12: "UNIMPLEMENTED", 16: "UNAUTHENTICATED"}


class Grpc(PresetTest):
    # method, code that is asked for (100: an error without one), code that the client gets
    CALLS = (("Unary", 0, 0), ("Unary", 1, 1), ("Unary", 5, 5), ("Unary", 16, 16), ("Unary", 100, 2), ("Nobody", 0, 12),
             ("Stream", 0, 0), ("Stream", 5, 5), ("Stream", 100, 2))
    TIMES = 20

    def check(self, toolchain, *flags):
        exe = gofixture.build("preset_grpc", flags=(*gofixture.STRIPPED, *flags), toolchain=toolchain, variant=f"preset{toolchain}")
        server = gofixture.Driven(self, exe, "serve", ready=None)
        port = int(server.answer())
        client = gofixture.Driven(self, exe, "call", f"127.0.0.1:{port}")
        exporter = self.watch("grpc", exe)
        served, called = collections.Counter(), collections.Counter()
        for method, asked, code in self.CALLS:
            client.ask(f"{method} {asked} {self.TIMES}", json.dumps({str(code): self.TIMES}, separators=(",", ":")))
            served["grpc", f"shop.v1.Cart/{method}", CODES[code]] += self.TIMES
            if method != "Stream":
                called["grpc", f"shop.v1.Cart/{method}", CODES[code], f"127.0.0.1:{port}"] += self.TIMES
        labels = ("rpc_system_name", "rpc_method", "rpc_response_status_code")
        # A server's call can end a moment after its client has the result.
        samples = exporter.wait_for(lambda samples: sum(counts(samples, "rpc_server_call_duration_seconds", *labels).values()) ==
                                    sum(served.values()), "the end of the last call")
        self.assertEqual(counts(samples, "rpc_server_call_duration_seconds", *labels), served)
        self.assertEqual(counts(samples, "rpc_client_call_duration_seconds", *labels, "server_address"), called)
        client.stop()
        server.stop()

    def test_oldest(self):
        self.check(OLDEST_GO, "-modfile=oldest.mod")

    def test_newest(self):
        self.check(NEWEST_GO)


if __name__ == "__main__":
    unittest.main(verbosity=2)
