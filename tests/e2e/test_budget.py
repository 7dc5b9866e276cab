"""What probes cost is known, and the dearest is detached while a budget is broken."""

import signal
import unittest

import exposition
import gofixture
from exporter import start_exporter
from support import TestCase

CONFIG = """\
services:
  it: {{ match: {{ exe: "{exe}", args: [it] }} }}
{service}
metrics:
  handled_total: {{ type: counter, help: Calls. }}
  handling: {{ type: gauge, help: Calls that run. }}
  handle_duration_ms: {{ type: histogram, help: Durations., unit: ms, buckets: [60000] }}
  cold_total: {{ type: counter, help: Calls. }}
{metric}
probes:
  - name: hot
    service: it
    function: main.handle
    record: [handled_total, handle_duration_ms, {{ metric: handling, in_flight: true }}]
  - name: cold
    service: it
    function: main.cold
    record: [cold_total{record}]
{budget}
"""

# More than a handful of calls costs, less than a loop of nothing but calls.
BUDGET = "budget: { cores: 0.1, window: 1s, retry_after: 2s }"


def of(name, probe, **labels):
    return exposition.series(f"uprobe_exporter_{name}", probe=probe, **labels)


class Budget(TestCase):
    def setUp(self):
        super().setUp()
        self.exe = gofixture.build("dear")
        self.program = gofixture.Driven(self, self.exe, "it")
        self.highest = {}

    def config(self, budget, service="", metric="", record=""):
        return self.write("probes.yaml", CONFIG.format(exe=self.exe, budget=budget, service=service, metric=metric, record=record))

    def wait_for(self, exporter, condition, what):
        """As Exporter.wait_for(); no counter of calls goes down meanwhile."""
        def check(samples):
            for name in ("handled_total", "cold_total", "handle_duration_ms_count"):
                number = samples.get(exposition.series(name), 0)
                self.assertGreaterEqual(number, self.highest.get(name, 0), name)
                self.highest[name] = number
            return condition(samples)

        return exporter.wait_for(check, what)

    def is_away(self, samples):
        return samples.get(of("probe_over_budget", "hot", service="it")) == 1

    def is_back(self, samples):
        return samples.get(of("probe_over_budget", "hot", service="it")) == 0

    def count_cold(self, exporter, calls):
        """Exactly so many more."""
        before = exporter.samples().get(exposition.series("cold_total"), 0)
        self.program.ask(f"cold {calls}", "done")
        samples = self.wait_for(exporter, lambda samples: samples.get(exposition.series("cold_total"), 0) >= before + calls,
                                "calls of a probe that stays")
        self.assertEqual(samples[exposition.series("cold_total")], before + calls)
        return samples

    def counts_exactly(self, exporter, calls):
        """Whether the probe was there all the time; then it counted every call of some more."""
        def detaches(samples):
            return samples[of("probe_budget_detaches_total", "hot", service="it")]

        before = self.wait_for(exporter, self.is_back, "the probe")
        self.program.ask(f"hold {calls}", "done")
        self.program.ask("release", "done")
        handled = exposition.series("handled_total")
        samples = self.wait_for(exporter, lambda samples: samples[handled] >= before[handled] + calls
                                or detaches(samples) > detaches(before), "calls after the return")
        if detaches(samples) > detaches(before):
            return False
        self.assertEqual(samples[handled], before[handled] + calls)
        return True

    def test_the_dearest_goes_and_comes_back(self):
        exporter = start_exporter(self, self.config(BUDGET), "--strict")
        self.program.ask("hold 3", "done")
        samples = self.wait_for(exporter, lambda samples: samples.get(exposition.series("handling")) == 3, "three calls that run")
        self.assertTrue(self.is_back(samples))
        self.assertEqual(samples[exposition.series("uprobe_exporter_budget_cores", service="it")], 0.1)
        self.count_cold(exporter, 1000)

        self.program.ask("load on", "done")
        self.wait_for(exporter, self.is_away, "the detachment of the dear probe")
        exporter.wait_log("probe detached: over the budget")
        self.program.ask("load off", "done")
        self.count_cold(exporter, 1000)
        # It is tried again, maybe before the load ends, and is detached again then.
        samples = self.wait_for(exporter, lambda samples: self.is_back(samples) and exposition.series("handling") in samples,
                                "the return of the probe")
        self.assertEqual(samples[exposition.series("handling")], 3, "calls that began before it was detached")
        self.assertNotIn(exposition.series("uprobe_exporter_unknown_baseline", metric="handling"), samples)
        self.assertGreaterEqual(samples[of("probe_budget_detaches_total", "hot", service="it")], 1)
        self.assertEqual(samples[of("probe_budget_detaches_total", "cold", service="it")], 0)
        self.program.ask("release", "done")
        self.wait_for(exporter, lambda samples: samples.get(exposition.series("handling")) == 0, "the end of the calls")

        while not self.counts_exactly(exporter, 7):
            pass
        self.assertEqual(exposition.losses(exporter.samples()).keys() - {"no_entry"}, set())

    def test_what_is_away(self):
        """Away for long: its gauge is unknown, other probes and reloads go on, another budget brings it back."""
        away = BUDGET.replace("retry_after: 2s", "retry_after: 1h")
        config = self.config(away)
        exporter = start_exporter(self, config, "--strict")
        self.program.ask("hold 2", "done")
        self.program.ask("load on", "done")
        samples = self.wait_for(exporter, self.is_away, "the detachment of the dear probe")
        self.assertEqual(samples[of("probe_attached", "hot")], 0)
        reasons = [dict(labels)["reason"] for labels in exposition.family(samples, "uprobe_exporter_probe_skipped")]
        self.assertTrue(any("budget" in reason for reason in reasons), reasons)
        self.assertNotIn(exposition.series("handling"), samples)
        self.assertEqual(samples[exposition.series("uprobe_exporter_unknown_baseline", metric="handling")], 1)
        handled = samples[exposition.series("handled_total")]
        # The load goes on, nothing is counted, and nothing costs.
        samples = self.count_cold(exporter, 5000)
        self.assertEqual(samples[exposition.series("handled_total")], handled)
        self.assertEqual(exposition.losses(samples).keys() - {"no_entry"}, set())

        # Another generation of the same probes, and one that is not the same.
        more = {"metric": "  cold_calls_total: { type: counter, help: Calls. }", "record": ", cold_calls_total"}
        self.config(away, **more)
        exporter.process.process.send_signal(signal.SIGHUP)
        exporter.wait_log("configuration loaded again")
        samples = self.count_cold(exporter, 5000)
        self.assertTrue(self.is_away(samples))
        self.assertEqual(samples[exposition.series("handled_total")], handled)

        self.program.ask("load off", "done")
        self.config(BUDGET, **more)
        exporter.process.process.send_signal(signal.SIGHUP)
        self.wait_for(exporter, lambda samples: self.is_back(samples) and samples.get(exposition.series("handling")) == 2,
                      "the probe under another budget")
        self.count_cold(exporter, 1000)

    def test_other_processes_pay_too(self):
        """A process of another service pays for the traps of this one's probes."""
        away = BUDGET.replace("retry_after: 2s", "retry_after: 1h")
        other = gofixture.Driven(self, self.exe, "other")
        config = self.config(away, service=f'  other: {{ match: {{ exe: "{self.exe}", args: [other] }} }}')
        exporter = start_exporter(self, config, "--strict")
        self.assertIn("scope=file", exporter.process.output())
        self.count_cold(exporter, 1000)
        other.ask("load on", "done")
        samples = self.wait_for(exporter, self.is_away, "the detachment for the sake of others")
        self.assertIn("of=strangers", exporter.process.output())
        self.assertGreater(samples[of("probe_stranger_cpu_seconds_total", "hot", service="it")], 0.1)
        self.assertEqual(samples[of("probe_cpu_seconds_total", "hot", service="it")], 0)
        self.count_cold(exporter, 1000)
        other.ask("load off", "done")
        other.stop()

    def test_breakpoints_of_one_process(self):
        """The same where a stranger runs the file, so that each process has its own breakpoints."""
        stranger = gofixture.Driven(self, self.exe, "nobody")
        second = gofixture.Driven(self, self.exe, "it")
        exporter = start_exporter(self, self.config(BUDGET), "--strict")
        self.assertIn("scope=process", exporter.process.output())
        self.program.ask("load on", "done")
        self.wait_for(exporter, self.is_away, "the detachment of the dear probe")
        third = gofixture.Driven(self, self.exe, "it")
        exporter.wait_processes(it=3)
        self.program.ask("load off", "done")
        for program in (second, third):
            program.ask("hold 2", "done")
        self.wait_for(exporter, lambda samples: self.is_back(samples) and samples.get(exposition.series("handling")) == 4,
                      "calls of both processes after the return")
        for program in (second, third, stranger):
            program.ask("release", "done")
            program.stop()
        while not self.counts_exactly(exporter, 7):
            pass

    def measure(self, calls):
        """ns of CPU time of one call."""
        self.program.send(f"measure {calls}")
        return int(self.program.answer())

    @staticmethod
    def cpu_seconds(samples):
        return samples[of("probe_cpu_seconds_total", "hot", service="it")]

    def test_the_estimate(self):
        """What the exporter says that a call costs is what it costs, but for a factor of what caches and load do."""
        calls = 20000
        config = self.config("")
        self.measure(1000)
        without = self.measure(calls)
        exporter = start_exporter(self, config, "--strict")
        before = self.cpu_seconds(exporter.samples())
        during = self.measure(calls)
        spent = self.cpu_seconds(exporter.samples()) - before
        estimate = spent / calls * 1e9
        real = during - without
        print(f"a call of a probed function: {without} ns without, {during} ns with the probe; "
              f"estimated {estimate:.0f} ns, real {real} ns, ratio {estimate / real:.2f}")
        self.assertGreater(estimate, real / 4)
        self.assertLess(estimate, real * 4)
        prices = exposition.by_label(exporter.samples(), "uprobe_exporter_hit_cost_seconds", "site")
        self.assertLess(prices["emulated"], prices["stepped"])
        self.assertEqual(exporter.samples()[exposition.series("uprobe_exporter_hit_costs_measured")], 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
