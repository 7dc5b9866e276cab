"""Every form of expression, record and label on a program that knows what it did (tests/fixtures/go/expressions)."""

import json
import re
import unittest

import exposition
import gofixture
from exporter import start_exporter
from support import SOURCE, TestCase

CONFIG = SOURCE / "tests" / "e2e" / "expressions.yaml"
SIGNATURE = re.compile(r"^ +signature: .*\n", re.MULTILINE)

# Go programs with more values than the metric may have: who comes first has a series, the others share one.
BOUNDED = {"bounded_total": 5}


WITH_DWARF = {"generic_labels_total", "captured_total", "captured_here_total"}


def for_stripped(text):
    text, cut = re.subn(r".*# only with DWARF\n", "", text)
    text, _, last = text.partition("\n  # A stripped binary does not say")
    if cut != len(WITH_DWARF) or "generic labels" not in last:
        raise AssertionError(f"{CONFIG}: want {len(WITH_DWARF)} metrics that need DWARF, and their probes at the end")
    return text


class Expressions(TestCase):
    def run_fixture(self, exe, text):
        config = self.write("probes.yaml", text.replace("@EXE@", str(exe)))
        program = gofixture.Driven(self, exe)
        self.exporter = start_exporter(self, config)
        self.unknown = WITH_DWARF - set(re.findall(r"^  (\w+): ", text, re.MULTILINE))
        program.send("run")
        running = json.loads(program.answer())
        self.check("run", running)
        program.send("release")
        released = json.loads(program.answer())
        self.check("release", released)
        self.check_pages_agree()
        program.stop()
        self.check_gone(released)
        with self.subTest("skipped probes"):
            self.assertEqual([line for line in self.exporter.process.output().splitlines() if "level=warn" in line], [])

    def check(self, moment, truth):
        """Each metric of the config on its own, so that all that differ are seen at once."""
        samples = self.exporter.samples()
        wanted = {}
        for row in truth:
            if row["metric"] in self.unknown:
                continue
            wanted.setdefault(self.family(row["metric"]), {})[exposition.series(row["metric"], **row["labels"])] = row["value"]
        shown = {}
        for (name, labels), number in samples.items():
            if not name.startswith(("uprobe_exporter_", "process_")):
                shown.setdefault(self.family(name), {})[name, labels] = number
        self.check_bounded(moment, shown, wanted)
        for metric in sorted({*wanted, *shown}):
            with self.subTest(moment, metric=metric):
                expected = {key: number for key, number in wanted.get(metric, {}).items() if number}
                found = {key: number for key, number in shown.get(metric, {}).items() if number}
                if metric.endswith("_duration_ms"):  # how often is known, how long is not
                    expected, found = ({key: n for key, n in rows.items() if key[0].endswith("_count")} for rows in (expected, found))
                self.assertEqual(readable(found), readable(expected))
        with self.subTest(moment, metric="losses"):
            self.assertEqual(set(exposition.losses(samples)) - {"unwound", "series_full"}, set())

    def family(self, name):
        return re.sub(r"_(bucket|sum|count)$", "", name)

    def check_bounded(self, moment, shown, wanted):
        for metric, limit in BOUNDED.items():
            rows = shown.pop(metric, {})
            with self.subTest(moment, metric=metric):
                self.assertEqual(len(rows), limit + 1, readable(rows))
                self.assertEqual(rows[exposition.series(metric, v="__overflow__")], 40 - 2 * limit)
        spread = shown.pop("spread_total", {})
        with self.subTest(moment, metric="spread_total"):
            self.assertEqual((len(spread), set(spread.values())), (20, {2.0}))
        for name in ("spread_sum", "bounded_sum", "spread_sum_total", "bounded_sum_total"):
            wanted.pop(name, None)

    def check_pages_agree(self):
        whole = {key: n for key, n in self.exporter.samples().items() if not key[0].startswith(("uprobe_exporter_", "process_"))}
        self.assertEqual(whole, self.exporter.samples("it"))

    def check_gone(self, truth):
        """What was counted stays when the process is gone; what it held is gone with it."""
        self.exporter.wait_processes(it=0)
        samples = self.exporter.samples()
        for row in truth:
            if row["metric"] in ("alive", "serving", "serving_all", "lag", "level"):
                with self.subTest("gone", metric=row["metric"], labels=row["labels"]):
                    self.assertEqual(samples.get(exposition.series(row["metric"], **row["labels"]), 0), 0)
            elif row["metric"] == "text_total":
                with self.subTest("gone", metric=row["metric"], labels=row["labels"]):
                    self.assertEqual(samples[exposition.series(row["metric"], **row["labels"])], row["value"])

    def test_stripped(self):
        self.run_fixture(gofixture.build("expressions"), for_stripped(CONFIG.read_text()))

    def test_unstripped_without_signatures(self):
        """Parameter names and types come from DWARF."""
        exe = gofixture.build("expressions", gofixture.UNSTRIPPED, variant="unstripped")
        self.run_fixture(exe, SIGNATURE.sub("", CONFIG.read_text()))

    def test_position_independent(self):
        exe = gofixture.build("expressions", (*gofixture.STRIPPED, "-buildmode=pie"), variant="pie")
        self.run_fixture(exe, for_stripped(CONFIG.read_text()))

    def test_not_optimised(self):
        exe = gofixture.build("expressions", (*gofixture.STRIPPED, "-gcflags=all=-N -l"), variant="not-optimised")
        self.run_fixture(exe, for_stripped(CONFIG.read_text()))

    def test_race_detector(self):
        exe = gofixture.build("expressions", (*gofixture.STRIPPED, "-race"), cgo="1", variant="race")
        self.run_fixture(exe, for_stripped(CONFIG.read_text()))

    def test_other_toolchains(self):
        for toolchain in TOOLCHAINS:
            with self.subTest(toolchain):
                exe = gofixture.build("expressions", toolchain=toolchain, variant=toolchain)
                self.run_fixture(exe, for_stripped(CONFIG.read_text()))


TOOLCHAINS = ("go1.22.12", "go1.27.4")


def readable(rows):
    """Text that a difference can be seen in."""
    return sorted((name, json.dumps(dict(sorted(labels)), ensure_ascii=False), number) for (name, labels), number in rows.items())


if __name__ == "__main__":
    unittest.main(verbosity=2)
