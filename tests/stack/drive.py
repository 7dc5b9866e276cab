"""From each cause to Alertmanager and the one who is told, and back."""

import time

import yaml

from conditions import CONDITIONS
from monitoring import SHIPPED


def check_every_alert_is_driven():
    """Each shipped alert belongs to some condition."""
    groups = yaml.safe_load((SHIPPED / "alerts.yml").read_text())["groups"]
    shipped = {rule["alert"] for group in groups for rule in group["rules"]}
    driven = {alert.name for condition in CONDITIONS for alert in condition.alerts}
    assert shipped == driven, f"no condition brings {shipped - driven}; not shipped: {driven - shipped}"


def names(alerts):
    return {labels["alertname"] for labels in alerts}


def wait_each(world, began, present, what):
    """{(condition, alert): seconds since `began` of it until Alertmanager had the alert, or had it no more}"""
    seconds = {}

    def all_seen():
        for (condition, alert), start in began.items():
            if (condition, alert) not in seconds and world.has_alert(alert) == present:
                seconds[condition, alert] = time.monotonic() - start
        return len(seconds) == len(began)

    try:
        world.wait_for(all_seen, what)
    except AssertionError as error:
        missing = ", ".join(str(alert) for condition, alert in began if (condition, alert) not in seconds)
        raise AssertionError(f"{missing}: {error}") from None
    return seconds


def check_only_expected(world, row):
    """Every alert is explained by these conditions, and those that say nothing new are not sent."""
    expected = {alert.name for condition in row for alert in condition.alerts}
    expected |= {name for condition in row for name in condition.also}
    all_alerts = world.alertmanager.alerts()
    surplus = names(all_alerts) - expected
    assert not surplus, f"{[condition.name for condition in row]} also brought {surplus}"
    unsent = names(all_alerts) - names(world.alertmanager.alerts(inhibited=False))
    inhibited = {name for condition in row for name in condition.inhibited}
    assert inhibited <= unsent, f"sent although another alert says it: {inhibited - unsent}"


def wait_told(world, alerts, state):
    """Until whoever has to be told was told of each of these alerts (labels)."""
    for labels in alerts:
        world.wait_for(lambda labels=labels: world.alertmanager.listener.told(labels) == state,
                       f"a notification that {labels['alertname']} is {state}")


def act(world, row, action):
    """Does the action, "cause" or "mend", of each condition: {(condition, alert): when it began}."""
    began = {}
    for condition in row:
        began.update({(condition, alert): time.monotonic() for alert in condition.alerts})
        getattr(condition, action)(world)
    return began


def go_through(world, row):
    """Causes the conditions of a row, waits for their alerts, mends them, waits until the alerts are gone.

    [(condition, alert, seconds until it came, seconds until it went)]
    """
    came = wait_each(world, act(world, row, "cause"), True, "Alertmanager's alert")
    check_only_expected(world, row)
    told = world.alertmanager.alerts(inhibited=False)
    wait_told(world, told, "firing")
    went = wait_each(world, act(world, row, "mend"), False, "the end of Alertmanager's alert")
    world.wait_for(lambda: not world.alertmanager.alerts(), f"calm after: {', '.join(condition.name for condition in row)}")
    wait_told(world, told, "resolved")
    return [(*key, came[key], went[key]) for key in came]
