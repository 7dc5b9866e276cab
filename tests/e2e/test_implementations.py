"""A field of an interface: net/http's ResponseWriter has one implementation for HTTP/1 and another for HTTP/2."""

import json
import unittest

import exposition
import gofixture
from exporter import start_exporter
from support import BINARY, TestCase, run

ROUNDS = 20

CONFIG = """\
services:
  it: {{ match: {{ exe: "{exe}" }} }}
metrics:
  requests_total: {{ type: counter, help: Requests by what was answered., labels: [proto, status] }}
  large_status_total: {{ type: counter, help: Requests by a condition., labels: [large] }}
  exact_total: {{ type: counter, help: Requests by the status of one implementation., labels: [exact] }}
probes:
  - service: it
    function: net/http.serverHandler.ServeHTTP
    signature: "func(rw http.ResponseWriter, req *http.Request)"
    labels:
      proto: req.Proto
      status: at_return(rw.status)
      large: {{ "yes": at_return(rw.status) >= 400, else: "no" }}
      exact: at_return(rw.(*http.response).status)
    record: [requests_total, large_status_total, exact_total]
"""


class Implementations(TestCase):
    def check(self, flags, variant, version, two):
        """`two`: what the plan calls the implementation for HTTP/2."""
        exe = gofixture.build("implementations", flags, toolchain=f"go{version}" if version else "",
                              variant=f"{variant}-{version}")
        config = self.write("probes.yaml", CONFIG.format(exe=exe))
        plan = run(BINARY, "plan", "--config", config, "--binary", exe, "--service", "it").stdout
        for wanted in (".(*http.response) -> http.response .status +", two, "rw can also hold"):
            self.assertIn(wanted, plan)
        program = gofixture.Driven(self, exe)
        exporter = start_exporter(self, config)
        program.send(f"run {ROUNDS}")
        truth = json.loads(program.answer())
        self.assertEqual({key.split()[0] for key in truth}, {"HTTP/1.1", "HTTP/2.0"})
        samples = exporter.samples()
        counted = {"{proto} {status}".format(**dict(labels)): int(number)
                   for labels, number in exposition.family(samples, "requests_total").items()}
        self.assertEqual(counted, truth)
        large = {"yes": 0, "no": 0}
        exact = {}
        for key, number in truth.items():
            proto, status = key.split()
            large["yes" if int(status) >= 400 else "no"] += number
            exact[status if proto == "HTTP/1.1" else ""] = exact.get(status if proto == "HTTP/1.1" else "", 0) + number
        self.assertEqual(exposition.by_label(samples, "large_status_total", "large"), large)
        self.assertEqual(exposition.by_label(samples, "exact_total", "exact"), exact)
        self.assertEqual(exposition.losses(samples), {})
        self.assertEqual(exporter.stop()[0], 0)
        program.stop()

    def check_all(self, version, two):
        for flags, variant in ((gofixture.STRIPPED, "stripped"), (gofixture.UNSTRIPPED, "unstripped")):
            with self.subTest(variant):
                self.check(flags, variant, version, two)

    def test_go_1_22(self):
        self.check_all("1.22.12", ".(*http.http2responseWriter) -> http.http2responseWriter .rws +0 -> ")

    def test_go_1_26(self):
        self.check_all("", ".(*http.http2responseWriter) -> http.http2responseWriter .rws +0 -> ")

    def test_go_1_27(self):
        self.check_all("1.27.4", ".(http.http2ResponseWriter) .ResponseWriter +0 -> http2.responseWriter .rws +0 -> ")


if __name__ == "__main__":
    unittest.main(verbosity=2)
