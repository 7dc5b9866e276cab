"""The exporter is stopped, killed, followed by another, given another configuration, or has nowhere to keep its counts."""

import collections
import itertools
import random
import signal
import subprocess
import threading
import time

from exporter import Exporter
from exposition import losses, series
from fault_case import BLIND, RATE, FaultCase
from load import Scraper, counted
from support import BINARY

CLIENTS = 4
SUPERSEDED = series("uprobe_exporter_superseded")
ATTACHED = series("uprobe_exporter_probe_attached", probe="work")


class ExporterFaults(FaultCase):
    def test_no_fault(self):
        exporter, service = self.begin()
        service.ask(f"load {RATE}", "loading")
        with Scraper(self.watch, exporter):
            self.fill_up()
        service.ask("stop", "stopped")
        self.exact_row("none", "nothing; scraped all the time", self.check_exact(exporter))

    def test_stopped_and_started(self):
        exporter, service = self.begin()
        each = self.size.calls // (self.size.restarts + 1) + 1
        for _ in range(self.size.restarts):
            service.ask(f"calls {each} 5", "done")
            self.watch.note(exporter.samples())
            exporter.stop()
            exporter = self.start_exporter()
        service.ask(f"calls {each} 5", "done")
        self.exact_row("exporter stopped and started", f"SIGTERM and a new one, {self.size.restarts} times, between calls",
                       self.check_exact(exporter))

    def test_reloads(self):
        exporter, service = self.begin()
        service.ask(f"load {RATE}", "loading")
        with Scraper(self.watch, exporter):
            for _ in range(self.size.reloads):
                self.assertEqual(exporter.request("/-/reload", "POST").status, 200)
            self.fill_up()
        service.ask("stop", "stopped")
        self.exact_row("same configuration again", f"{self.size.reloads} reloads under load, scraped all the time",
                       self.check_exact(exporter), f", on {self.watch.pages:,} pages no counter lower")

    def test_pages_while_it_is_reloaded(self):
        exporter, service = self.begin()
        service.ask(f"load {RATE}", "loading")
        done = threading.Event()
        statuses = collections.Counter()

        def ask():
            while not done.is_set():
                statuses[exporter.request("/metrics/load").status] += 1

        clients = [threading.Thread(target=ask) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        try:
            for number in range(self.size.page_reloads):
                self.configure(calls_help=f"Calls, {number}.")
                self.assertEqual(exporter.request("/-/reload", "POST").status, 200)
        finally:
            done.set()
            for client in clients:
                client.join()
        self.fill_up()
        service.ask("stop", "stopped")
        self.assertEqual(set(statuses), {200})
        self.exact_row("pages of a service while it is reloaded", f"{self.size.page_reloads:,} reloads of another text, {CLIENTS} clients "
                       "that ask for the service's page without a pause, under load", self.check_exact(exporter),
                       f", all of {statuses[200]:,} pages are whole")

    def kill_successors(self, times, go_on):
        """Under load, at random moments. go_on(EXPORTER), of the one that was to be followed: which one goes on."""
        chance = random.Random(8)
        exporter, service = self.begin()
        service.ask(f"load {RATE}", "loading")
        unseen = 0
        for _ in range(times):
            self.wait_calls(RATE // 20)
            self.watch.note(exporter.samples())
            ended = self.services.ended()
            second = self.start_exporter(ready=False)
            time.sleep(chance.uniform(0, 1))  # when it is killed is the point
            second.process.kill()
            following = go_on(exporter)
            unseen += self.services.begun() - ended
            self.watch.note(following.samples())
            if following is not exporter:
                exporter.stop()
            exporter = following
        self.fill_up()
        service.ask("stop", "stopped")
        return self.watch.note(exporter.samples()), unseen

    def test_successors_that_are_lost(self):
        def takes_back(exporter):
            exporter.wait_for(lambda samples: samples[SUPERSEDED] == 0 and samples.get(ATTACHED) == 1, "taking back")
            return exporter

        samples, unseen = self.kill_successors(self.size.lost_successors, takes_back)
        self.check_blind("exporter whose successor is killed", f"SIGKILL of the second at random moments, "
                         f"{self.size.lost_successors} times; the first takes back", samples, unseen)

    def test_other_configurations(self):
        exporter, service = self.begin()
        service.ask(f"load {RATE}", "loading")
        with Scraper(self.watch, exporter):
            for more in itertools.islice(itertools.cycle([True, False]), self.size.changes):
                self.configure(more=more)
                self.assertEqual(exporter.request("/-/reload", "POST").status, 200)
            self.fill_up()
        service.ask("stop", "stopped")
        self.exact_row("other configurations", f"{self.size.changes} reloads under load that add or leave out probes of "
                       "functions probed already, scraped all the time", self.check_exact(exporter),
                       f", on {self.watch.pages:,} pages no counter lower")

    def test_upgrades(self):
        exporter, service = self.begin()
        service.ask(f"load {RATE}", "loading")
        for _ in range(self.size.upgrades):
            with Scraper(self.watch, exporter):
                following = self.start_exporter()
                exporter.wait_log("detached: another exporter has taken over")
            exporter.stop()
            exporter = following
        self.fill_up()
        service.ask("stop", "stopped")
        samples = self.check_exact(exporter)
        self.assertEqual(samples[BLIND], 0)
        self.exact_row("exporter upgraded", f"a second one takes over, {self.size.upgrades} times under load", samples,
                       ", blind for 0 s")

    def check_blind(self, fault, provoked, samples, unseen):
        """What is missing happened while no exporter was ready, or two were at it, and the exporter says how long that was."""
        made, number, blind = self.services.ended(), counted(samples), samples[BLIND]
        self.assertLessEqual(number, made)
        self.assertGreater(number, 0)
        self.assertLessEqual(made - number, unseen)
        self.assertLessEqual(made - number, RATE * blind)
        # Of calls that an exporter saw begin and none saw return there is no duration.
        self.assertLessEqual(set(losses(samples)), {"no_entry", "unwound"})
        self.check_watch()
        self.row(fault, provoked, made, number,
                 f"{made - number:,} missing, within the {unseen:,} calls made meanwhile, and within "
                 f"{RATE:,}/s x {blind:.1f} s that it says it was blind")

    def test_stopped_under_load(self):
        exporter, service = self.begin()
        service.ask(f"load {RATE}", "loading")
        unseen = 0
        for _ in range(self.size.restarts):
            self.wait_calls(RATE // 20)
            self.watch.note(exporter.samples())
            ended = self.services.ended()
            exporter.stop()
            exporter = self.start_exporter()
            unseen += self.services.begun() - ended
            self.watch.note(exporter.samples())
        self.fill_up()
        service.ask("stop", "stopped")
        self.check_blind("exporter stopped and started, under load", f"SIGTERM and a new one, {self.size.restarts} times",
                         self.watch.note(exporter.samples()), unseen)

    def test_killed(self):
        """At any moment: while it attaches, reloads, folds, scrapes, or waits."""
        chance = random.Random(5)
        exporter, service = self.begin()
        service.ask(f"load {RATE}", "loading")
        unseen = 0
        for more in itertools.islice(itertools.cycle([True, False]), self.size.exporter_kills):
            # Something to fold, and something to load again.
            subprocess.run(self.services.short(100), check=True)
            self.configure(more=more)
            time.sleep(chance.uniform(0, 1))  # when it is killed is the point
            ended = self.services.ended()
            exporter.process.kill()
            exporter = self.start_exporter(ready=False)
            if chance.random() < 0.3:
                time.sleep(chance.uniform(0, 1))
                exporter.process.kill()
                exporter = self.start_exporter(ready=False)
            exporter.wait_ready()
            unseen += self.services.begun() - ended
            self.watch.note(exporter.samples())
        self.fill_up()
        service.ask("stop", "stopped")
        self.check_blind("exporter killed, under load", f"SIGKILL at random moments, {self.size.exporter_kills} times and again while "
                         "starting; meanwhile processes end and probes change", self.watch.note(exporter.samples()), unseen)

    def test_killed_between_calls(self):
        """Nothing is called while no exporter is there: a count that is folded twice, or not at all, cannot hide in a gap."""
        chance = random.Random(6)
        exporter, service = self.begin()
        half = self.size.calls // self.size.exporter_kills // 2 + 1
        for more in itertools.islice(itertools.cycle([True, False]), self.size.exporter_kills):
            service.ask(f"calls {half} 5", "done")
            self.configure(more=more)
            subprocess.run(self.services.short(half), check=True)
            time.sleep(chance.uniform(0, 0.7))  # when it is killed is the point
            exporter.process.kill()
            exporter = self.start_exporter()
            samples = self.check_exact(exporter)
        self.exact_row("exporter killed, between calls", f"SIGKILL at random moments, {self.size.exporter_kills} times, while it folds "
                       "processes that have ended and loads another configuration", samples)

    def test_killed_while_taking_over(self):
        samples, unseen = self.kill_successors(self.size.takeover_kills, lambda _: self.start_exporter())
        self.check_blind("exporter killed while it takes over", f"SIGKILL of the second at random moments, {self.size.takeover_kills} "
                         "times; a third one takes over, the first is stopped", samples, unseen)

    def test_paused(self):
        exporter, service = self.begin()
        service.ask(f"load {RATE}", "loading")
        self.wait_calls(RATE // 20)
        exporter.process.process.send_signal(signal.SIGSTOP)
        subprocess.run(self.services.short(1000, lives=3), check=True)
        time.sleep(self.size.pause)  # that it does nothing for so long is the point
        exporter.process.process.send_signal(signal.SIGCONT)
        self.fill_up()
        service.ask("stop", "stopped")
        exporter.wait_processes(load=1)
        self.exact_row("exporter paused", f"SIGSTOP for {self.size.pause} s under load; meanwhile processes come and go",
                       self.check_exact(exporter))

    def test_no_bpf_file_system(self):
        service = self.services.start()
        exporter = self.run_without_bpffs()
        exporter.wait_attached("load")
        exporter.wait_log("counts are not kept")
        service.ask(f"load {RATE}", "loading")
        self.fill_up()
        service.ask("stop", "stopped")
        samples = self.check_exact(exporter)
        self.exact_row("no BPF file system", "unmounted in the exporter's mount namespace", samples,
                       "; the log says that counts are not kept")

    def run_without_bpffs(self):
        command = [BINARY, "run", "--config", self.config, "--web.listen-address", "127.0.0.1:0", "--bpf.pin-path", self.pins]
        inside = 'umount /sys/fs/bpf && exec "$@"'
        return Exporter(self.start("exporter", ["unshare", "--mount", "sh", "-c", inside, "sh", *command])).wait_ready()
