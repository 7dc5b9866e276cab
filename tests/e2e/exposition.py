"""The text format of metrics pages, as a mapping from series to numbers."""

import re

SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)')
ESCAPES = {"\\\\": "\\", "\\n": "\n", '\\"': '"'}


def series(name, /, **labels):
    """A key of parse()'s result."""
    return name, frozenset(labels.items())


def _labels(text):
    found, end = {}, 0
    while end < len(text):
        match = LABEL.match(text, end)
        if not match:
            raise ValueError(f"no label: {text[end:]!r}")
        if match[1] in found:
            raise ValueError(f"label {match[1]} twice: {text!r}")
        found[match[1]] = re.sub(r"\\.", lambda escape: ESCAPES[escape[0]], match[2])
        end = match.end()
    return found


def parse(page):
    """{(name, frozenset of label pairs): number}; a series that stands twice is an error."""
    samples = {}
    for line in page.split("\n"):
        if not line or line.startswith("#"):
            continue
        match = SAMPLE.fullmatch(line)
        if not match:
            raise ValueError(f"no sample: {line!r}")
        key = series(match[1], **_labels(match[2] or ""))
        if key in samples:
            raise ValueError(f"series twice: {line!r}")
        samples[key] = float(match[3])
    return samples


def family(samples, name):
    """Series of one name: {frozenset of label pairs: number}."""
    return {labels: number for (metric, labels), number in samples.items() if metric == name}


def losses(samples):
    """{reason: number} of what was lost."""
    return {reason: int(number) for reason, number in by_label(samples, "uprobe_exporter_losses_total", "reason").items() if number}


def by_label(samples, name, label):
    """{value of the label: number}; series that differ only in other labels are added up."""
    numbers = {}
    for labels, number in family(samples, name).items():
        value = dict(labels).get(label)
        numbers[value] = numbers.get(value, 0) + number
    return numbers
