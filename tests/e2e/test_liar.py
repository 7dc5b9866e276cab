"""Services whose memory lies: to the exporter's look at running calls and to its probes. They may spoil their own numbers, and
nothing else."""

import time
import unittest

import exposition
import gofixture
from exporter import start_exporter
from support import TestCase

# What they lie about (tests/fixtures/go/liar), and whether their calls in flight can still be known.
LIES = {
    "nothing": True,
    "list's length": False,
    "list's place": False,
    "list's pointers": False,
    "list of one": False,
    "many goroutines on deep stacks": False,
    "deep stacks": False,
    "stacks": False,
    "stack pointers": False,
    "program counters": False,
}

# Of these it cannot be seen that they lie: goroutines that are like others, a status that says that one runs or has ended,
# an id, which is only a name.
UNSEEN_LIES = ("many goroutines", "status", "ids")

HONEST = """\
services:
  honest: { match: { exe: "@HONEST@" } }
@SERVICES@
metrics:
  honest_open: { type: gauge, help: Calls that block. }
  told_total: { type: counter, help: Calls by name., labels: [name] }
@METRICS@
probes:
  - { name: honest, service: honest, function: main.(*conn).serve, record: [{ metric: honest_open, in_flight: true }] }
@PROBES@
"""

TOLD = """\
  - name: told
    service: liar0
    function: main.(*conn).tell
    signature: func(name string) int
    labels: { name: { value: name } }
    record: [told_total]
"""

# Seconds; Prometheus gives up after 10 unless it is told otherwise. Bytes.
LONGEST_SCRAPE = 8
LONGEST_START = 60
LONGEST_UNSEEN = 20
MOST_MEMORY = 400e6


class Liar(TestCase):
    def config(self, liar, honest):
        services, metrics, probes = [], [], [TOLD]
        for number, lie in enumerate((*LIES, *UNSEEN_LIES)):
            services.append(f'  liar{number}: {{ match: {{ exe: "{liar}", args: ["{lie}"] }} }}')
            metrics.append(f"  open{number}: {{ type: gauge, help: Calls that block. }}")
            probes.append(f"  - {{ name: liar{number}, service: liar{number}, function: main.(*conn).serve, "
                          f"record: [{{ metric: open{number}, in_flight: true }}] }}")
        text = HONEST.replace("@HONEST@", str(honest))
        for key, lines in (("@SERVICES@", services), ("@METRICS@", metrics), ("@PROBES@", probes)):
            text = text.replace(key, "\n".join(lines))
        return self.write("probes.yaml", text)

    def scrape(self, exporter):
        start = time.monotonic()
        samples = exporter.samples()
        took = time.monotonic() - start
        self.longest = max(self.longest, took)
        self.most = max(self.most, samples[exposition.series("process_resident_memory_bytes")])
        return samples

    def test_lies_spoil_nothing_else(self):
        liar = gofixture.build("liar", gofixture.UNSTRIPPED, variant="unstripped")
        honest_exe = gofixture.build("late")
        config = self.config(liar, honest_exe)
        honest = gofixture.Driven(self, honest_exe)
        honest.ask("open 500", "open 500")
        liars = {}
        for lie in (*LIES, *UNSEEN_LIES):
            liars[lie] = gofixture.Driven(self, liar, lie)
            liars[lie].ask("open 50", "open 50")
            liars[lie].ask(f"lie {lie}", f"lie {lie}")

        self.longest = self.most = 0
        start = time.monotonic()
        exporter = start_exporter(self, config, "--strict", "--log.level", "debug")
        ready_after = time.monotonic() - start
        for _ in range(3):
            samples = self.scrape(exporter)
            self.assertEqual(samples[exposition.series("honest_open")], 500)
            liars["nothing"].ask("tell 7", "tell 7")
            honest.ask("open 100", "open 100")
            honest.ask("close 100", "close 100")
        for number, (lie, is_known) in enumerate(LIES.items()):
            with self.subTest(lie=lie):
                unknown = exposition.series("uprobe_exporter_unknown_baseline", metric=f"open{number}")
                self.assertEqual(samples.get(unknown, 0), 0 if is_known else 1)
                if is_known:
                    self.assertEqual(samples[exposition.series(f"open{number}")], 50)
        samples = self.scrape(exporter)
        told = {dict(labels)["name"]: count for labels, count in exposition.family(samples, "told_total").items()}
        self.assertEqual(told.get("a name"), 21, told)
        self.assertEqual(sum(told.values()), 63, told)
        self.assertGreaterEqual(samples[exposition.series("uprobe_exporter_losses_total", probe="told", reason="read_failed")], 21)

        # Looks go on in the background; a process that comes now waits behind none of them for long.
        late = gofixture.Driven(self, honest_exe)
        late.ask("open 30", "open 30")
        start = time.monotonic()
        exporter.wait_for(lambda samples: samples[exposition.series("honest_open")] == 530, "a process that came now")
        seen_after = time.monotonic() - start
        print(f"ready after {ready_after:.2f} s, longest scrape {self.longest:.2f} s, new process seen after "
              f"{seen_after:.2f} s, memory {self.most / 1e6:.0f} MB")
        self.assertLess(ready_after, LONGEST_START)
        self.assertLess(self.longest, LONGEST_SCRAPE)
        self.assertLess(seen_after, LONGEST_UNSEEN)
        self.assertLess(self.most, MOST_MEMORY)
        honest.ask("close 500", "close 500")
        late.ask("close 30", "close 30")
        self.assertEqual(self.scrape(exporter)[exposition.series("honest_open")], 0)
        self.assertEqual(exporter.stop()[0], 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
