"""systemd: what it is told, and the shipped unit under a real one."""

import re
import shutil
import signal
import socket
import unittest

import exposition
import gofixture
from exporter import start_exporter
from support import BINARY, CONFIG, SOURCE, TestCase, required, run

HERE = SOURCE / "tests" / "e2e"

PROBES = """\
services:
  alpha: { match: { exe: "*/restarts", args: ["-role", "alpha"] } }
metrics:
  work_total: { type: counter, help: Calls., labels: [service] }
probes:
  - service: alpha
    function: main.(*worker).work
    record: [work_total]
"""


class Systemd(TestCase):
    def test_is_told(self):
        path = self.dir / "notify"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
            systemd.bind(str(path))
            systemd.settimeout(60)
            exporter = start_exporter(self, CONFIG, ready=False, env={"NOTIFY_SOCKET": str(path)})
            self.assertEqual(systemd.recv(100), b"READY=1")
            self.assertEqual(exporter.request("/-/ready").status, 200)
            exporter.process.process.send_signal(signal.SIGHUP)
            self.assertRegex(systemd.recv(100), rb"^RELOADING=1\nMONOTONIC_USEC=\d+$")
            self.assertEqual(systemd.recv(100), b"READY=1")
            exporter.stop()
            self.assertEqual(systemd.recv(100), b"STOPPING=1")

    def test_nobody_listens(self):
        exporter = start_exporter(self, CONFIG, env={"NOTIFY_SOCKET": "/nowhere/notify"})
        exporter.wait_log('level=warn msg="systemd does not know our state" error="telling systemd by /nowhere/notify: ')
        self.assertEqual(exporter.stop()[0], 0)

    def install(self):
        """The unit as it is shipped, but its log goes to a file: there is no journal."""
        units, programs = self.dir / "units", self.dir / "programs"
        (units / "uprobe_exporter.service.d").mkdir(parents=True)
        programs.mkdir()
        shutil.copy(SOURCE / "deploy" / "uprobe_exporter.service", units)
        (units / "uprobe_exporter.service.d" / "test.conf").write_text(
            "[Service]\nStandardError=file:/results/exporter.log\n")
        shutil.copy(BINARY, programs / "uprobe_exporter")
        shutil.copy(gofixture.build("restarts"), programs / "restarts")
        shutil.copy(HERE / "check_unit.sh", programs)
        self.write("probes.yaml", PROBES)

    def result(self, name):
        return (self.dir / name).read_text()

    def test_unit(self):
        required("systemctl")
        self.install()
        done = run(HERE / "boot_systemd.sh", self.dir, "/usr/local/bin/check_unit.sh", check=False)
        logs = "".join(path.read_text() for path in self.dir.glob("*.log"))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr + logs)
        self.assertRegex(self.result("started"), r"ActiveState=active\n.*SubState=running")
        self.assertEqual(self.result("ready"), "ready\n")
        work = exposition.family(exposition.parse(self.result("metrics")), "work_total")
        self.assertEqual(list(work.values()), [1000])
        privileges = dict(re.findall(r"^(\w+):\s+(.*)$", self.result("privileges"), re.MULTILINE))
        self.assertNotEqual(privileges["Uid"].split()[0], "0")
        # BPF, PERFMON, LEASE, SYS_PTRACE, DAC_READ_SEARCH.
        self.assertEqual((privileges["CapEff"], privileges["CapBnd"]), ("000000c010080004",) * 2)
        self.assertEqual((privileges["NoNewPrivs"], privileges["Seccomp"]), ("1", "2"))
        self.assertEqual(sorted(self.result("stopped").split()), ["ActiveState=inactive", "ExecMainStatus=0", "Result=success"])


if __name__ == "__main__":
    unittest.main()
