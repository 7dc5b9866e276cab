#!/usr/bin/python3
"""The rules of deploy/prometheus do what rules/*.yml say, and each change of a rule is noticed by some of them.

check_rules.py [--list]    --list prints every change that was made and noticed
"""
import concurrent.futures
import copy
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

TOP = pathlib.Path(__file__).resolve().parents[2]
RULES = [TOP / "deploy/prometheus" / name for name in ("recording_rules.yml", "alerts.yml", "preset_rules.yml")]
TESTS = sorted((TOP / "tests/prometheus/rules").glob("*.yml"))

NUMBER = r"(?P<number>\d+(?:\.\d+)?)"
COMPARISON = re.compile(rf"(?P<operator>==|[<>]) {NUMBER}")
QUANTILE = re.compile(rf"histogram_quantile\({NUMBER}")
MATCHER = re.compile(r'[{ ]\w+(?:=~|!=|=)"[^"]*"(?:, )?')
BY = re.compile(r"by \((?P<labels>[\w, ]+)\)")
# Comparison with a neighbour: whether the bound itself is in.
NEIGHBOUR = {">": ">=", "<": "<=", "==": ">"}


def replaced(text, match, group, by):
    return text[:match.start(group)] + by + text[match.end(group):]


def changed_numbers(expression):
    for pattern in (COMPARISON, QUANTILE):
        for match in pattern.finditer(expression):
            value = float(match["number"])
            for other in (value * 1.1, value * 0.9) if value else (1,):
                yield f"{match[0]} becomes {other:g}", replaced(expression, match, "number", f"{other:g}")
    for match in COMPARISON.finditer(expression):
        operator = NEIGHBOUR[match["operator"]]
        yield f"{match[0]} with {operator}", replaced(expression, match, "operator", operator)


def changed_windows(expression):
    for window in ("2m", "10m"):
        for form in ("[{}]", "offset {}"):
            if form.format("5m") in expression:
                yield form.format(window), expression.replace(form.format("5m"), form.format(window))


def changed_sets(expression):
    """What is chosen, what is told apart, what is joined."""
    for match in MATCHER.finditer(expression):
        yield f"without {match[0][1:]}", expression[:match.start() + 1] + expression[match.end():]
    for match in BY.finditer(expression):
        labels = match["labels"].split(", ")
        for label in labels:
            rest = ", ".join(other for other in labels if other != label)
            yield f"{match[0]} at {match.start()} without {label}", replaced(expression, match, "labels", rest)
    # What is multiplied by 0 is asked for its labels only.
    for word, other in (("or", "unless"), ("unless", "and"), ("sum by", "max by"), ("min by", "max by"), ("count by", "max by"),
                        ("max without", "sum without")):
        for match in re.finditer(rf"(?<!0 \* )(?<!0 \* \()\b{word}\b", expression):
            yield f"{word} at {match.start()} becomes {other}", replaced(expression, match, 0, other)


def changed_rules(rule):
    """(what was changed, the changed rule)"""
    expression = rule["expr"]
    for change in (changed_numbers, changed_windows, changed_sets):
        for what, other in change(expression):
            yield what, {**rule, "expr": other}
    if "for" in rule:
        minutes = int(rule["for"].removesuffix("m"))
        for other in (minutes - 1, minutes + 1):
            yield f"for {other}m", {**rule, "for": f"{other}m"}
        severity = {"critical": "warning", "warning": "critical"}[rule["labels"]["severity"]]
        yield f"severity {severity}", {**rule, "labels": {"severity": severity}}


def mutants():
    """(file, what was changed in which rule, content of the file)"""
    for file in RULES:
        content = yaml.safe_load(file.read_text())
        for group, entry in enumerate(content["groups"]):
            for number, rule in enumerate(entry["rules"]):
                for what, other in changed_rules(rule):
                    mutant = copy.deepcopy(content)
                    mutant["groups"][group]["rules"][number] = other
                    yield file, f"{name_of(rule)}: {what}", yaml.safe_dump(mutant)


def test_rules(top, tests):
    """promtool's verdict on these tests of the rules below `top`."""
    return subprocess.run(["promtool", "test", "rules", *(top / test.relative_to(TOP) for test in tests)],
                          capture_output=True, text=True, env={**os.environ, "GOMAXPROCS": "1"})


def rules_of(file):
    return [rule for group in yaml.safe_load(file.read_text())["groups"] for rule in group["rules"]]


def name_of(rule):
    return rule.get("alert") or rule["record"]


def tests_of(name):
    """A rule must be held by the tests of its own alert or, if it is recorded, of the alerts that come of it."""
    users = [name_of(rule) for file in RULES for rule in rules_of(file) if name in rule["expr"] and name != name_of(rule)]
    own = [test for test in TESTS if re.search(rf"alertname: {name}\b|expr: {name}\b", test.read_text())]
    return sorted({*own, *(test for user in users for test in tests_of(user))})


def is_noticed(mutant):
    changed_file, what, content = mutant
    tests = tests_of(what.partition(": ")[0])
    with tempfile.TemporaryDirectory() as folder:
        top = pathlib.Path(folder)
        for file in (*RULES, *tests):
            copied = top / file.relative_to(TOP)
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, copied)
        (top / changed_file.relative_to(TOP)).write_text(content)
        return test_rules(top, tests).returncode != 0


def check_every_alert_is_tested():
    alerts = {rule["alert"] for file in RULES for rule in rules_of(file) if "alert" in rule}
    tested = set(re.findall(r"alertname: (\w+)", "".join(test.read_text() for test in TESTS)))
    assert alerts == tested, f"without a test: {alerts - tested}; without an alert: {tested - alerts}"


def main():
    subprocess.run(["promtool", "check", "rules", "--lint=all", "--lint-fatal", *RULES], check=True)
    check_every_alert_is_tested()
    result = test_rules(TOP, TESTS)
    assert result.returncode == 0, result.stdout + result.stderr

    changes = list(mutants())
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        noticed = list(pool.map(is_noticed, changes))
    missed = [what for (_, what, _), seen in zip(changes, noticed) if not seen]
    if sys.argv[1:] == ["--list"]:
        print("\n".join(what for _, what, _ in changes))
    assert not missed, "no test notices:\n  " + "\n  ".join(missed)
    print(f"ok: {len(TESTS)} files of tests notice each of {len(changes)} changes")


main()
