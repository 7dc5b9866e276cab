"""Files that are overwritten in place while the exporter gets no CPU, that are cut off while it reads them, and that check
themselves."""

import test_hostile_files
import test_self_check
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


class TruncatedFiles(test_hostile_files.HostileFiles):
    """Of the tests that it inherits two are faults; the others are run as well."""

    def setUp(self):
        super().setUp()
        self.rounds = FaultCase.size.truncations

    def report(self, fault, provoked):
        FaultCase.rows.append(Row(fault, f"{provoked}, {self.rounds} times", "-", "-", "an error each time or a plan; nothing ends by a signal"))

    def test_truncated_while_it_is_planned(self):
        super().test_truncated_while_it_is_planned()
        self.report("file cut off while it is inspected", "`plan` of a file that another process cuts, makes whole and cuts again without a pause")

    def test_truncated_while_it_is_attached(self):
        super().test_truncated_while_it_is_attached()
        self.report("file cut off while it is attached", "started, killed and cut off within 30 ms beside a running exporter")


class SelfCheckingPrograms(test_self_check.SelfCheck):
    def setUp(self):
        super().setUp()
        self.starts = FaultCase.size.starts

    def test_stripped(self):
        super().test_stripped()
        calls = f"{self.starts * 10:,}"
        FaultCase.rows.append(Row("program that checks its own code", f"Go's FIPS 140 module, started {self.starts} times while its other "
                                  "functions are probed", calls, calls, "equal; none ends at its start"))
