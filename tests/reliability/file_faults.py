"""Files that are overwritten in place while the exporter gets no CPU."""

from overwriting import Overwriting
from fault_case import FaultCase, Row
from support import TestCase


class FileFaults(TestCase):
    def check(self, per_process, fault):
        times = FaultCase.size.overwrites
        overwriting = Overwriting(self, per_process)
        overwriting.run(times)
        self.assertEqual(overwriting.scopes(), {f"scope={'process' if per_process else 'file'}"})
        FaultCase.rows.append(Row(fault, f"SIGSTOP of the exporter, another build over the same file, SIGCONT, {times} times: half of "
                                  "them while it inspects and attaches", f"{times} services", f"{times} services",
                                  "none dies; from its attach on each call is counted"))

    def test_overwritten_probed_as_a_whole(self):
        self.check(False, "file overwritten, probed as a whole")

    def test_overwritten_probed_per_process(self):
        self.check(True, "file overwritten, probed per process")
