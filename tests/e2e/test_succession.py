"""One exporter after the other with the same pins, whatever becomes of the later one: it fails, dies, hangs, or counts
other services. The earlier one counts on; what is missed is said to be, and nothing is counted twice."""

import itertools
import signal
import threading
import unittest

import exposition
import gofixture
from exporter import Exporter, start_exporter
from support import BINARY, TestCase, kept_pins, wait_until

SERVICE = """\
services:
  {service}: {{ match: {{ exe: "{exe}", args: ["-role", "alpha"] }} }}
metrics:
  work_total: {{ type: counter, help: Calls., labels: [kind] }}
  work_duration_ms: {{ type: histogram, help: Durations., unit: ms, labels: [], buckets: [60000] }}
probes:
  - name: work
    service: {service}
    function: main.(*worker).work
    signature: func(kind string, number int) error
    labels: {{ kind: kind }}
    record: [work_total]
  - name: durations
    service: {service}
    function: main.(*worker).work
    record: [work_duration_ms]
"""

# So many programs to load that an exporter can be stopped before it counts.
MANY = "".join(f"""\
  - name: many{i}
    service: alpha
    function: main.(*worker).work
    signature: func(kind string, number int) error
    labels: {{ kind: kind }}
    when: number == {i + 1000000}
    record: [work_total]
""" for i in range(60))

MISSING = """\
  - name: missing
    service: alpha
    function: main.(*worker).rest
    signature: func(kind string)
    labels: { kind: kind }
    record: [work_total]
"""


class Succession(TestCase):
    def setUp(self):
        super().setUp()
        self.exe = gofixture.build("restarts")
        self.pins = kept_pins(self)
        self.config = self.write("probes.yaml", SERVICE.format(exe=self.exe, service="alpha"))
        self.exporters = itertools.count(1)
        self.service = gofixture.Driven(self, self.exe, "-role", "alpha", "-kinds", "3", "-serve")

    def start_exporter(self, *arguments, config=None, ready=True):
        return start_exporter(self, config or self.config, "--bpf.pin-path", self.pins, *arguments,
                              name=f"exporter{next(self.exporters)}", ready=ready)

    def start_process(self, config, *arguments):
        return self.start(f"exporter{next(self.exporters)}", [BINARY, "run", "--config", config, "--web.listen-address",
                                                              "127.0.0.1:0", "--bpf.pin-path", self.pins, *arguments])

    def start_one_that_fails(self, config, *arguments):
        """Its code, and what it has logged."""
        process = self.start_process(config, *arguments)
        return process.wait(), process.output()

    def call(self, calls):
        self.service.ask(str(calls), f"done {calls}")

    @staticmethod
    def counted(exporter):
        samples = exporter.samples()
        total = int(sum(exposition.family(samples, "work_total").values()))
        durations = int(sum(exposition.family(samples, "work_duration_ms_count").values()))
        return total, durations

    def blind(self, exporter):
        return exporter.samples()[exposition.series("uprobe_exporter_blind_seconds_total")]

    def superseded(self, exporter):
        return exporter.samples()[exposition.series("uprobe_exporter_superseded")]

    def test_a_successor_that_dies_after_it_counts_is_followed_by_the_one_before(self):
        first = self.start_exporter()
        self.call(100)
        for number in range(1, 4):
            second = self.start_exporter()
            wait_until(lambda number=number: first.process.output().count("detached: another exporter has taken over") == number,
                       "the end of its own probes", [first.process])
            self.call(10)
            self.assertEqual(self.superseded(first), 1)
            second.process.kill()
            wait_until(lambda number=number: first.process.output().count("msg=attached ") == number + 1, "taking back",
                       [first.process])
            self.call(1)
            self.assertEqual(self.counted(first), (100 + 11 * number,) * 2)
        self.assertEqual(self.superseded(first), 0)
        self.assertGreater(self.blind(first), 0)
        self.assertEqual(exposition.losses(first.samples()), {})
        first.stop()
        self.assertEqual(self.counted(self.start_exporter()), (133, 133))

    def test_one_that_dies_before_it_counts_costs_no_call(self):
        """Under load, six times: at a random place of its preparations."""
        many = self.write("many.yaml", SERVICE.format(exe=self.exe, service="alpha") + MANY)
        first = self.start_exporter()
        going, calls = threading.Event(), itertools.count()

        def load():
            while not going.is_set():
                self.call(100)
                next(calls)

        thread = threading.Thread(target=load)
        thread.start()
        try:
            for number in range(1, 7):
                second = self.start_exporter(config=many, ready=False)
                wait_until(lambda number=number: first.process.output().count("another exporter takes over") == number,
                           "handing over", [first.process])
                second.process.process.send_signal(signal.SIGSTOP)
                seen = self.counted(first)[0]
                wait_until(lambda: self.counted(first)[0] > seen, "calls counted meanwhile", [first.process])
                second.process.kill()
                wait_until(lambda number=number: first.process.output().count("this one takes back\" counted=false") == number,
                           "taking back", [first.process])
        finally:
            going.set()
            thread.join()
        made = next(calls) * 100
        self.assertEqual(self.counted(first), (made, made))
        self.assertEqual(self.blind(first), 0)
        self.assertEqual(exposition.losses(first.samples()), {})
        first.stop()
        self.call(7)  # missed, and said to be
        following = self.start_exporter()
        self.call(5)
        self.assertEqual(self.counted(following), (made + 5, made + 5))
        self.assertGreater(self.blind(following), 0)
        wait_until(lambda: len(list(self.pins.glob("v*/unit_*/plan_*"))) == 1, "one generation's plan")

    def test_one_that_is_strict_fails_before_anybody_notices(self):
        missing = self.write("missing.yaml", SERVICE.format(exe=self.exe, service="alpha") + MISSING)
        first = self.start_exporter()
        self.call(10)
        code, output = self.start_one_that_fails(missing, "--strict")
        self.assertEqual(code, 1)
        self.assertIn("probe missing: ", output)
        self.assertNotIn("waiting for it to hand over", output)
        self.call(10)
        self.assertEqual(self.counted(first), (20, 20))
        self.assertNotIn("another exporter takes over", first.process.output())

    def test_what_hangs_after_it_counts_goes_on_to_count(self):
        first = self.start_exporter()
        second = self.start_exporter()
        first.wait_log("detached: another exporter has taken over")
        second.process.process.send_signal(signal.SIGSTOP)
        self.call(1000)
        self.assertEqual(self.counted(first), (1000, 1000))
        first.wait_log("the exporter that took over is not heard of any more")
        self.call(1000)
        self.assertEqual(self.counted(first), (2000, 2000))
        second.process.kill()
        wait_until(lambda: first.process.output().count("msg=attached ") == 2, "taking back", [first.process])
        self.call(1000)
        self.assertEqual(self.counted(first), (3000, 3000))

    def test_other_services_are_given_up_only_when_told(self):
        other = self.write("other.yaml", SERVICE.format(exe=self.exe, service="beta"))
        first = self.start_exporter()
        self.call(10)
        code, output = self.start_one_that_fails(other)
        self.assertEqual(code, 1)
        self.assertIn("counts alpha, which this one's configuration does not have", output)
        self.assertIn("--takeover", output)
        self.call(10)
        self.assertEqual(self.counted(first), (20, 20))
        self.assertNotIn("another exporter takes over", first.process.output())
        second = self.start_exporter("--takeover", config=other)
        self.assertIn("services=alpha", second.process.output())
        self.call(10)
        self.assertEqual(self.counted(second), (10, 10))

    def test_more_services_need_no_telling(self):
        both = SERVICE.format(exe=self.exe, service="alpha").replace(
            "metrics:\n", f'  beta: {{ match: {{ exe: "{self.exe}", args: ["-role", "beta"] }} }}\nmetrics:\n')
        first = self.start_exporter()
        self.call(10)
        second = self.start_exporter(config=self.write("both.yaml", both))
        first.stop()
        self.call(10)
        self.assertEqual(self.counted(second), (20, 20))

    def test_pages_end_when_another_counts_for_long(self):
        first = self.start_exporter()
        second = self.start_exporter()
        first.wait_log("another exporter takes over")
        self.assertEqual(first.request("/metrics").status, 200)
        wait_until(lambda: first.request("/metrics").status == 503, "the end of its pages", [first.process])
        self.assertIn(b"another exporter counts with the same pins", first.request("/-/ready").body)
        self.assertEqual(first.request("/-/ready").status, 503)
        self.assertIn("this one shows nothing any more", first.process.output())
        self.assertEqual(second.stop()[0], 0)
        wait_until(lambda: first.request("/metrics").status == 200, "its pages", [first.process])
        first.wait_ready()
        self.call(10)
        self.assertEqual(self.counted(first), (10, 10))

    def test_one_that_starts_while_the_other_stops_counts_blind_time(self):
        first = self.start_exporter()
        self.call(10)
        first.process.process.send_signal(signal.SIGSTOP)
        process = self.start_process(self.config)
        wait_until(lambda: "waiting for it to hand over" in process.output(), "another exporter", [process])
        first.process.process.send_signal(signal.SIGTERM)
        first.process.process.send_signal(signal.SIGCONT)
        self.assertEqual(first.process.wait(), 0)
        second = Exporter(process).wait_ready()
        self.call(10)
        self.assertEqual(self.counted(second), (20, 20))
        self.assertGreater(self.blind(second), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
