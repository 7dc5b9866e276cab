#!/usr/bin/python3
"""Every file that a document links to or names exists; README's table has the metrics of probes.yaml."""
import pathlib
import re

import yaml

TOP = pathlib.Path(__file__).resolve().parents[2]
DOCUMENTS = [*TOP.glob("*.md"), *(TOP / "docs").rglob("*.md"), *(TOP / "presets").rglob("*.md")]
# What a path in a document may be relative to.
ROOTS = (TOP, TOP / "userspace")


def check_links(document, text):
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert (document.parent / target).exists(), f"{document.name}: link to {target}"


def check_named_files(document, text):
    for name in re.findall(r"`([\w.-]+(?:/[\w.-]+)+\.(?:cpp|hpp|h|c|sh|txt|md|yaml|cmake))`", text):
        if not name.startswith(("build/", "/")):
            assert any((root / name).exists() for root in ROOTS), f"{document.name}: {name} does not exist"


def check_metrics_table(text):
    table = text[text.index("The metrics of the shipped"):]
    named = {name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    configured = set(yaml.safe_load((TOP / "probes.yaml").read_text())["metrics"])
    missing, extra = configured - named, named - configured
    assert not missing, f"README.md lacks metrics of probes.yaml: {sorted(missing)}"
    assert not {name for name in extra if name.endswith(("_total", "_ms", "_count", "_rate"))}, sorted(extra)


for path in DOCUMENTS:
    content = path.read_text()
    check_links(path, content)
    check_named_files(path, content)
check_metrics_table((TOP / "README.md").read_text())
print(f"ok: {len(DOCUMENTS)} documents")
