"""What can be wrong: how it is caused on the stand-in, how it is mended, and which alerts must come and go."""

import dataclasses
import re

from world import World


@dataclasses.dataclass(frozen=True)
class Alert:
    name: str
    label: tuple = ()    # (name, value) of the label that tells it from others of its name

    def __str__(self):
        return " ".join((self.name, *self.label[1:]))


@dataclasses.dataclass(frozen=True)
class Condition:
    name: str
    cause: object
    mend: object
    alerts: tuple
    also: tuple = ()     # names of alerts that may come with it
    inhibited: tuple = ()    # names of alerts that another one keeps from being sent


def alerts(name, label=None, *values):
    return tuple(Alert(name, (label, value)) for value in values) if values else (Alert(name),)


def fault(kind, percent):
    return lambda world: world.traffic.fault(kind, percent), lambda world: world.traffic.fault(kind, 0)


def stall_and_flood(world):
    world.stage.stall(True)
    world.traffic.flood(5500)        # two queue groups wait for each message


def start_services_and_traffic(world):
    world.start_services()
    world.start_traffic()


def replace(pattern, replacement):
    """A change of probes.yaml in one place."""
    def change(text):
        changed, count = re.subn(pattern, replacement, text)
        assert count == 1, f"probes.yaml: {count} times {pattern!r}"
        return changed

    return change


def miss_a_function(world):
    world.reload(replace(r"(redisCache\).)Get\n", r"\1Gone\n"))


def probe_what_is_copied(world):
    """Every build copies this method into some that call it."""
    metric = replace(r"\nmetrics:\n", "\nmetrics:\n  copied_total: { type: counter, help: Calls. }\n")
    probe = replace(r"\nprobes:\n", '\nprobes:\n  - { name: copied, service: logic, function: "sync.(*Map).Swap", record: [copied_total] }\n')
    world.reload(lambda text: probe(metric(text)))


def overflow(world):
    world.reload(replace(r"(message_send_total:\s+{)", r"\1 max_series: 2,"))
    world.traffic.fault("overflow", 5)


def end_overflow(world):
    world.traffic.fault("overflow", 0)
    world.reload()


SERVICES = ("gateway", "logic", "task")

CONDITIONS = (
    Condition("one call in five fails", *fault("error", 20),
              alerts("ResonanceHighErrorRate", "service", "gateway", "logic")),
    Condition("one call in twenty takes 2 s", *fault("slow", 5),
              alerts("ResonanceHighLatency", "service", "gateway", "logic")),
    Condition("all but 8 people leave", lambda world: world.traffic.connections(8), lambda world: world.traffic.connections(60),
              alerts("ResonanceConnectionsLow")),
    Condition("consumers stand still, 11000 deliveries wait", stall_and_flood, lambda world: world.stage.stall(False),
              alerts("ResonanceMQBacklog", "topic", "resonance.push.event.v1"),
              # Those that stood still have taken long.
              also=("ResonanceHighLatency",)),
    Condition("one call in thirty panics", *fault("panic", 3),
              alerts("UprobeExporterLosses", "probe", "message sent")),
    Condition("all services are stopped; then started anew", World.stop_services, start_services_and_traffic,
              alerts("ResonanceServiceGone", "service", *SERVICES) + alerts("ResonanceConnectionsLow"),
              inhibited=("ResonanceConnectionsLow",)),
    Condition("the exporter is killed; then started again", World.kill_exporter, World.start_exporter,
              # Once it is there again, it says that it was not.
              alerts("UprobeExporterDown"), also=("ResonanceMQBacklog", "UprobeExporterBlind")),
    Condition("the exporter is killed three times", lambda world: world.restart_exporter(3), lambda world: None,
              alerts("UprobeExporterBlind"), also=("ResonanceMQBacklog", "UprobeExporterDown")),
    Condition("a probe's function does not exist", miss_a_function, World.reload,
              alerts("UprobeExporterProbeNotAttached", "probe", "cache get")),
    Condition("a probed function has been copied into others", probe_what_is_copied, World.reload,
              alerts("UprobeExporterProbeInlined", "probe", "copied")),
    Condition("a third session type, where two have room", overflow, end_overflow,
              alerts("UprobeExporterSeriesOverflow", "probe", "message sent")),
    Condition("a line of probes.yaml is no YAML", lambda world: world.reload(lambda text: text + "}\n"), World.reload,
              alerts("UprobeExporterConfigRefused")),
)

# Conditions of one row are there at the same time, rows follow each other.
ONE_BY_ONE = tuple((condition,) for condition in CONDITIONS)
TOGETHER = (CONDITIONS[:5], *ONE_BY_ONE[5:])
