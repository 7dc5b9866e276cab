"""Services under traffic, the exporter beside them, and Prometheus and Alertmanager behind it."""

import signal

import resonance
from exporter import start_exporter
from monitoring import Alertmanager, start_prometheus
from support import kept_pins, wait_until


class World:
    def __init__(self, workplace, minute):
        self.workplace = workplace
        self.minute = minute
        self.config = resonance.write_config(workplace.dir / "probes.yaml")
        resonance.build()
        self.starts = 0
        self.start_services()
        self.pins = kept_pins(workplace)
        self.exporter = start_exporter(workplace, self.config, "--bpf.pin-path", self.pins)
        self.port = self.exporter.url.rpartition(":")[2]
        self.exporter.wait_processes(gateway=2, logic=1, task=1)
        self.start_traffic()
        self.alertmanager = Alertmanager(workplace)
        self.prometheus = start_prometheus(workplace, self.exporter, self.alertmanager, minute)

    def start_services(self):
        self.starts += 1
        self.run = self.workplace.part(f"services-{self.starts}")
        self.stage = resonance.Stage(self.run).wait()

    def start_traffic(self):
        self.traffic = resonance.SteadyTraffic(self.run, self.stage)

    def stop_services(self):
        self.traffic.stop()
        self.stage.stop()

    def kill_exporter(self):
        self.exporter.process.kill()
        self.exporter = None

    def start_exporter(self):
        self.starts += 1
        self.exporter = start_exporter(self.workplace, self.config, "--bpf.pin-path", self.pins, port=self.port,
                                       name=f"exporter-{self.starts}")

    def restart_exporter(self, times):
        for _ in range(times):
            self.kill_exporter()
            self.start_exporter()

    def reload(self, change=lambda text: text):
        """Gives the running exporter the shipped probes.yaml, changed."""
        text = resonance.write_config(self.workplace.dir / "shipped.yaml").read_text()
        # At once: the exporter looks at the file by itself, too.
        self.workplace.write("next.yaml", change(text)).rename(self.config)
        self.exporter.process.process.send_signal(signal.SIGHUP)

    def has_alert(self, alert):
        wanted = {("alertname", alert.name), *([alert.label] if alert.label else [])}
        return any(wanted <= labels.items() for labels in self.alertmanager.alerts())

    def wait_for(self, condition, what):
        watched = (self.prometheus, self.alertmanager, self.exporter)
        wait_until(condition, what, [program.process for program in watched if program])
