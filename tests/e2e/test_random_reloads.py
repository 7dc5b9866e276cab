"""Configurations that change in random order under load, scraped all the time: no counter goes down, totals are the truth,
and nothing is left behind. UPROBE_EXPORTER_RELOADS says how many there are, UPROBE_EXPORTER_SEED what is random about them."""

import itertools
import os
import random
import threading
import unittest

import exposition
import gofixture
from exporter import start_exporter
from support import TestCase, kept_pins, wait_until

RELOADS = int(os.environ.get("UPROBE_EXPORTER_RELOADS", 12))

CONFIG = """\
services:
  gateway:
    match: {{ exe: "{exe}" }}
    identity:
      gateway_id: {{ function: main.(*gateway).flushed, value: recv.id }}
metrics:
  calls_total: {{ type: counter, help: Calls., labels: [{labels}] }}
  gateway_calls_total: {{ type: counter, help: The same by gateway., labels: [gateway_id] }}
  duration_ms: {{ type: histogram, help: Durations., unit: ms, labels: [kind], buckets: [5, 10, 100] }}
  time_ms: {{ type: histogram, help: The same in changing buckets., unit: ms, labels: [], buckets: {buckets} }}
  {extra_metric}
probes:
  - name: work
    service: gateway
    function: main.work
    signature: func(kind string, number int) int
    {condition}
    labels: {{ kind: {kind} {size} }}
    record: [calls_total, gateway_calls_total, duration_ms, time_ms]
  {extra_probe}
"""

KINDS = ("kind", "{ value: kind, max_length: 8 }", "{ value: kind, max_length: 64 }", "{ value: kind, max_length: 200 }")
LABELS = ("kind", "kind, service", "service, kind, gateway_id", "size")
BUCKETS = ("[2, 4, 8, 16]", "[4, 16]", "[3, 4, 16]", "[5]")
CONDITIONS = ("", 'when: "number >= 0"', 'when: "ret0 > 0"')
EXTRA = (("", ""), ("more_total: { type: counter, help: Calls., labels: [] }",
                    "- { name: more, service: gateway, function: main.work, record: [more_total] }"))


def variants(exe):
    """Twenty of all that there are, the simplest first."""
    everything = itertools.product(LABELS, KINDS, BUCKETS, CONDITIONS, EXTRA)
    texts = [CONFIG.format(exe=exe, labels=labels, kind=kind, size=", size: len(kind)" if labels == "size" else "",
                           buckets=buckets, condition=condition, extra_metric=extra[0], extra_probe=extra[1])
             for labels, kind, buckets, condition, extra in everything]
    chosen = random.Random(20).sample(texts[1:], 19)
    return [texts[0], *chosen]


def total(samples, name):
    return int(sum(exposition.family(samples, name).values()))


RESETS = exposition.series("uprobe_exporter_counters_reset_total")
COUNTERS = ("calls_total", "gateway_calls_total", "duration_ms_count")


class Scraper:
    """Scrapes without a pause and notes each counter that went down."""

    def __init__(self, exporter):
        self.exporter = exporter
        self.problems = []
        self.pages = 0
        self.last = {}
        self.going = True
        self.thread = threading.Thread(target=self._scrape, daemon=True)
        self.thread.start()

    def note(self, samples):
        now = {name: total(samples, name) for name in COUNTERS}
        # Starts again at 0 where its buckets are others, and says so.
        now["time_ms_count", samples[RESETS]] = total(samples, "time_ms_count")
        self.problems += [f"{name}: {self.last[name]} and then {number}" for name, number in now.items() if number < self.last.get(name, 0)]
        self.last.update(now)
        self.pages += 1
        return samples

    def _scrape(self):
        while self.going:
            try:
                self.note(self.exporter.samples())
            except ConnectionError:
                pass  # a connection that is slow on a busy machine is closed: the next page tells
            except Exception as error:  # pylint: disable=broad-except
                self.problems.append(repr(error))

    def stop(self):
        self.going = False
        self.thread.join()


class RandomReloads(TestCase):
    reloads = RELOADS

    def setUp(self):
        super().setUp()
        self.exe = gofixture.build("reloads")
        self.pins = kept_pins(self)
        self.variants = variants(self.exe)
        self.configure(0)
        self.seed = os.environ.get("UPROBE_EXPORTER_SEED", str(random.SystemRandom().randrange(1 << 32)))
        print(f"UPROBE_EXPORTER_SEED={self.seed}", flush=True)
        self.random = random.Random(self.seed)

    def configure(self, variant):
        fresh = self.write("probes.new", self.variants[variant])
        self.config = self.dir / "probes.yaml"
        fresh.rename(self.config)

    def reload(self, exporter, variant):
        self.configure(variant)
        answer = exporter.request("/-/reload", "POST")
        self.assertEqual(answer.status, 200, answer.body)

    def pinned(self):
        """Pins, but for the memory of series, which comes when it is needed."""
        return sum(1 for path in self.pins.rglob("*") if not path.name.startswith("slab_"))

    def test_reloads(self):
        process = gofixture.Driven(self, self.exe)
        exporter = start_exporter(self, self.config, "--bpf.pin-path", self.pins, "--web.enable-lifecycle")
        exporter.wait_attached("gateway")
        pins = self.pinned()
        process.ask("go", "going")
        scraper = Scraper(exporter)
        for round_number in range(self.reloads):
            if round_number == self.reloads // 3:
                process.ask("identify", "identified")
            self.reload(exporter, self.random.randrange(len(self.variants)))
        self.reload(exporter, 0)
        process.send("stop")
        made = int(process.answer().removeprefix("made "))
        scraper.stop()
        samples = scraper.note(exporter.samples())
        self.assertEqual(scraper.problems, [])
        lost = exposition.losses(samples)
        self.assertEqual(set(lost) - {"no_entry"}, set())
        self.report(made, samples, scraper.pages)
        self.check_totals(samples, made, lost.get("no_entry", 0))
        self.assertEqual(set(exposition.by_label(samples, "gateway_calls_total", "gateway_id")), {f"gateway-{process.pid}"})
        wait_until(lambda: self.pinned() == pins, f"{pins} pins", [exporter.process])
        # And the next exporter has the same.
        exporter.stop()
        exporter = start_exporter(self, self.config, "--bpf.pin-path", self.pins)
        self.check_totals(exporter.samples(), made, lost.get("no_entry", 0))

    def report(self, made, samples, pages):
        print(f"{self.reloads} reloads, {pages} pages, {made} calls, lost: {exposition.losses(samples)}, {samples[RESETS]:.0f} resets",
              flush=True)

    def check_totals(self, samples, made, lost):
        """`lost`: calls that were in flight when their probe changed; a probe that counts when they begin has them."""
        for name in COUNTERS:
            self.assertLessEqual(total(samples, name), made, name)
            self.assertGreaterEqual(total(samples, name) + lost, made, name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
