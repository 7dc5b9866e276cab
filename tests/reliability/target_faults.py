"""Services that are killed, and that come and go."""

import random
import subprocess
import time

from exposition import losses
from fault_case import FaultCase
from load import counted


class TargetFaults(FaultCase):
    def test_killed(self):
        chance = random.Random(7)
        exporter, _ = self.begin()
        each = self.size.calls // self.size.target_kills + 1
        for _ in range(self.size.target_kills):
            service = self.services.start()
            service.ask("load 200000", "loading")
            self.wait_calls(each)
            time.sleep(chance.uniform(0, 0.1))  # when it is killed is the point
            service.kill()
        exporter.wait_processes(load=1)
        samples = self.watch.note(exporter.samples())
        begun, ended, number = self.services.begun(), self.services.ended(), counted(samples)
        self.assertLessEqual(ended, number)
        self.assertLessEqual(number, begun)
        self.assertLessEqual(begun - ended, self.size.target_kills)
        self.assertEqual(losses(samples), {})
        self.row("service killed", f"SIGKILL at random moments under load, {self.size.target_kills} times",
                 f"{ended:,} ended, {begun - ended} cut off", number, "not less than have ended, not more than have begun")

    def test_short_lives(self):
        """The kernel has room for 8192 processes; those that have gone make room."""
        lives = self.size.lives
        exporter, service = self.begin()
        subprocess.run(self.services.short(self.size.calls // lives + 1, lives), check=True)
        service.ask("calls 1000 5", "done")
        self.exact_row("services that come and go", f"{lives:,} processes, one after another", self.check_exact(exporter))
