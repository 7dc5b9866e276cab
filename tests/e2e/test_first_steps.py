"""From a program that nobody knows to numbers: init, types, run --once."""

import json
import re
import signal
import subprocess
import unittest

import gofixture
from support import BINARY, TestCase, required, run, wait_until


class FirstSteps(TestCase):
    def init(self, exe, *what):
        """What `init` prints is accepted as it is."""
        done = run(BINARY, "init", "--binary", exe, *what)
        config = self.write("probes.yaml", done.stdout)
        run(BINARY, "check", config)
        plan = run(BINARY, "plan", "--config", config, "--binary", exe)
        self.assertIn(", 0 skipped;", plan.stdout)
        return config

    def test_init_for_functions(self):
        for program, what in (("nats-server", ["processInboundClientMsg", "server.(*client).readLoop", "deliverMsg"]),
                              ("prometheus", ["promql.(*Engine).exec", "net/http.serverHandler.ServeHTTP", "scrapeAndReport"])):
            text = self.init(required(program), *what).read_text()
            for word in what:
                self.assertIn(word.rsplit(".", 1)[-1], text)

    def test_init_for_presets(self):
        text = self.init(required("prometheus"), "--preset", "http-server,http-client").read_text()
        self.assertIn("use: ['http-server', 'http-client']", text)

    def test_init_of_a_process_means_its_own_file(self):
        program = gofixture.Driven(self, exe := gofixture.build("preset_sql", variant="preset"))
        done = run(BINARY, "init", "--pid", program.pid, "--preset", "sql")
        self.assertIn(f"match: {{ exe: '{exe}' }}", done.stdout)
        program.stop()

    def test_init_refuses_what_is_not_there(self):
        done = run(BINARY, "init", "--binary", required("prometheus"), "no.such.function", check=False)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn('no function is meant by "no.such.function"', done.stderr)
        done = run(BINARY, "init", "--binary", required("prometheus"), "--preset", "htpp", check=False)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn('there is no preset "htpp"', done.stderr)
        self.assertEqual(run(BINARY, "init", "--binary", required("prometheus"), check=False).returncode, 2)

    def test_types(self):
        """The fields of a type, and what an interface can hold."""
        exe = required("prometheus")
        found = json.loads(run(BINARY, "types", "--binary", exe, "--json", "net/http.Request", "io.Closer").stdout)
        request = next(one for one in found if one["name"] == "http.Request")
        self.assertIn({"name": "Method", "type": "string", "offset": 0, "is_embedded": False}, request["fields"])
        closer = next(one for one in found if one["name"] == "io.Closer")
        self.assertIn("*os.File", closer["implemented_by"])
        self.assertIn("    can hold: ", run(BINARY, "types", "--binary", exe, "io.Closer").stdout)
        self.assertEqual(run(BINARY, "types", "--binary", exe, "NoSuchType", check=False).returncode, 1)

    def once(self, exe, seconds="600"):
        """The exporter, watching."""
        command = [BINARY, "run", "--once", seconds, "--preset", "sql", "--match", f"exe={exe}"]
        with open(self.dir / "once.err", "w") as errors:
            process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=errors, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.kill)
        said = self.dir / "once.err"
        wait_until(lambda: "watching for" in said.read_text() or process.poll() is not None, "watching")
        return process

    def test_once(self):
        """A table of exactly what happened, without Prometheus; what was before is not in it."""
        exe = gofixture.build("preset_sql", variant="preset")
        program = gofixture.Driven(self, exe)
        process = self.once(exe)
        program.send("25")
        program.answer()
        process.send_signal(signal.SIGINT)
        table = process.communicate(timeout=60)[0]
        self.assertEqual(process.returncode, 0, table)
        self.assertIn("db_client_operation_duration_seconds, s: Time from an operation", table)
        rows = re.findall(r"^ +(\d+) +[\d.]+ +\S+ +\S+ +\S+ +preset_sql +postgresql +(\w+) +(\w+) *(\S*)$", table, re.MULTILINE)
        self.assertEqual({(verb, where, error): int(count) for count, verb, where, error in rows},
                         {("SELECT", "users", ""): 75, ("SELECT", "users", "*pq.Error"): 25, ("SELECT", "orders", ""): 25,
                          ("SELECT", "items", ""): 25, ("SELECT", "events", ""): 25, ("INSERT", "orders", ""): 25,
                          ("INSERT", "users", ""): 25, ("UPDATE", "fail", "*pq.Error"): 25, ("DELETE", "orders", ""): 25,
                          ("DELETE", "items", ""): 25})
        program.stop()

    def test_once_ends_by_itself(self):
        program = gofixture.Driven(self, exe := gofixture.build("preset_sql", variant="preset"))
        process = self.once(exe, "1")
        self.assertEqual(process.communicate(timeout=60)[0], "nothing was counted\n")
        self.assertEqual(process.returncode, 0)
        program.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
