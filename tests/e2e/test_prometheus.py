"""A real Prometheus with one job per service has the numbers that really happened."""

import json
import time
import unittest

import resonance
from exporter import start_exporter
from prometheus import Prometheus, plain_config
from support import TestCase, required, run

# Names that Resonance's metrics have to have, and what the linter says of them.
DISLIKED = {("connection_count", 'non-histogram and non-summary metrics should not have "_count" suffix')} | {
    (name, "metric names should not contain abbreviated units")
    for name in ("request_duration_ms", "client_request_duration_ms", "message_push_duration_ms", "mq_consume_duration_ms",
                 "db_query_duration_ms")}


class PrometheusTest(TestCase):
    def test_one_job_per_service(self):
        resonance.build()
        stage = resonance.Stage(self).wait()
        exporter = start_exporter(self, resonance.write_config(self.dir / "probes.yaml"), "--strict")
        jobs = {service: f"/metrics/{service}" for service in resonance.MODULES}
        config = self.write("prometheus.yml", plain_config(exporter, {**jobs, "exporter": "/metrics"}))
        prometheus = Prometheus(self, config)
        load = resonance.Load(self, stage)
        for checkpoint in ("hold", "drained"):
            truth = load.reach(checkpoint)
            prometheus.wait_scraped_after(time.time())
            # What one service feeds comes from its job; services add up to what the whole page says.
            self.compare(checkpoint, truth, self.ask(prometheus, "|".join(jobs), truth))
            self.compare(checkpoint, truth, self.ask(prometheus, "exporter", truth))
            self.check_pages(exporter)
            load.go_on(checkpoint)
        load.finish()
        self.check_own_metrics(prometheus)
        # The whole page and the parts are the same numbers: no job was lost on the way.
        self.assertEqual(prometheus.query("count(up == 1)")[0][1], 4)
        self.assertEqual(prometheus.process.stop(), 0)

    def ask(self, prometheus, jobs, truth):
        """All series of some jobs, summed over the jobs, as a metrics page for `compare`."""
        # To Prometheus a label without text is no label; the truth says which labels a metric has.
        known = {row["metric"]: dict.fromkeys(row["labels"], "") for row in truth}
        names = {labels["__name__"] for labels, _ in prometheus.query(f'{{job=~"{jobs}"}}')}
        lines = []
        for name in sorted(names - {"up"}):
            if name.startswith(("scrape_", "uprobe_exporter_", "process_")) or name.endswith("_created"):
                continue
            for labels, number in prometheus.query(f'sum without (job, instance) ({name}{{job=~"{jobs}"}})'):
                text = ",".join(f"{label}={json.dumps(value)}" for label, value in {**known.get(name, {}), **labels}.items())
                lines.append(f"{name}{{{text}}} {number!r}")
        return "\n".join(lines) + "\n"

    def compare(self, checkpoint, truth, page):
        file = self.write(f"prometheus-{checkpoint}.txt", page)
        code, text, rows = resonance.compare(self.dir / f"truth-{checkpoint}.json", file, self.dir / "rows.json")
        self.assertEqual(code, 0, text)
        self.assertGreaterEqual(len(rows), len(truth))

    def check_pages(self, exporter):
        """promtool's linter takes every page in the text format."""
        for service in (None, *resonance.MODULES):
            page = exporter.page(service)
            done = run(required("promtool"), "check", "metrics", input=page, check=False)
            problems = {tuple(line.split(" ", 1)) for line in (done.stdout + done.stderr).splitlines() if line}
            self.assertLessEqual(problems, DISLIKED, f"promtool check metrics on {service or 'all'}")
            if service is None:
                self.assertEqual(problems, DISLIKED, "an exception that is none")
            self.assertIn(done.returncode, (0, 3), "3 is a remark of the linter")

    def check_own_metrics(self, prometheus):
        for service, count in (("gateway", 2), ("logic", 1), ("task", 1)):
            found = prometheus.query(f'uprobe_exporter_service_processes{{service="{service}"}}')
            self.assertEqual([number for _, number in found], [count], service)
        self.assertEqual([number for _, number in prometheus.query("min(uprobe_exporter_probe_attached)")], [1])


if __name__ == "__main__":
    unittest.main(verbosity=2)
