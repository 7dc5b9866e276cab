"""Random types and signatures: each label of each call is what the program passed, or is refused; never something else.

For each seed one program (random_types): plan says of every value whether it can be read; of those, as many as a probe has
room for are labels."""

import collections
import os
import random
import re
import unittest

import exposition
import gofixture
from exporter import start_exporter
from random_types import CALLS, MOST_LABELS, Program
from support import BINARY, WORK, TestCase, required, run

FUNCTIONS = 200
PROBES_AT_ONCE = 1000
SEEDS = (1, 2)

HEAD = """\
services:
  it: {{ match: {{ exe: "{exe}" }} }}
metrics:
"""


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


class RandomTypes(TestCase):
    def build(self, seed, program, flags, variant):
        source = WORK / "fixtures" / "random" / str(seed)
        source.mkdir(parents=True, exist_ok=True)
        (source / "go.mod").write_text("module example.com/random\n\ngo 1.21\n")
        (source / "main.go").write_text(program.source())
        output = WORK / "fixtures" / variant / f"random-{seed}"
        run(required("go"), "build", *flags, "-o", output, ".", cwd=source, env={**os.environ, "CGO_ENABLED": "0"})
        return output

    def probe(self, name, function, labels, has_signature):
        signature = f"    signature: {quoted(function.signature)}\n" if has_signature else ""
        values = "".join(f"      l{index}: {{ value: {quoted(expression)} }}\n" for index, expression in enumerate(labels))
        return (f"  - name: {name}\n    service: it\n    function: {quoted(function.symbol)}\n{signature}"
                f"    labels:\n      name: {{ const: {function.name} }}\n{values}    record: [calls{len(labels)}_total]\n")

    def config(self, exe, probes):
        used = sorted({int(number) for number in re.findall(r"calls(\d)_total", "".join(probes))})
        metrics = "".join(f"  calls{count}_total: {{ type: counter, help: Calls., labels: [name, {', '.join(f'l{index}' for index in range(count))}], "
                          "initialize: false, max_series: 1000 }\n" for count in used)
        return self.write("probes.yaml", HEAD.format(exe=exe) + metrics + "probes:\n" + "".join(probes))

    def refused(self, exe, program, has_signature):
        """{(function, expression): why}"""
        wanted = [(function, expression) for function in program.functions for expression, _ in function.values()]
        found = {}
        for start in range(0, len(wanted), PROBES_AT_ONCE):
            part = wanted[start:start + PROBES_AT_ONCE]
            probes = [self.probe(f"v{index}", function, [expression], has_signature) for index, (function, expression) in enumerate(part)]
            plan = run(BINARY, "plan", "--config", self.config(exe, probes), "--binary", exe, check=False).stdout
            for index, reason in re.findall(r"^skipped v(\d+)\n  reason +(.*)$", plan, re.MULTILINE):
                found[part[int(index)][0].name, part[int(index)][1]] = reason
        return found

    def chosen(self, program, refused):
        """{function's name: [(expression, texts)]}: of what can be read, as many as a probe has room for."""
        rng = random.Random(0)
        labels = {}
        for function in program.functions:
            readable = [(expression, texts) for expression, texts in function.values() if (function.name, expression) not in refused]
            if readable:
                labels[function.name] = rng.sample(readable, min(MOST_LABELS, len(readable)))
        return labels

    def check(self, seed, flags, variant, has_signature):
        program = Program(seed, FUNCTIONS)
        exe = self.build(seed, program, flags, variant)
        refused = self.refused(exe, program, has_signature)
        values = [(function.name, expression, texts) for function in program.functions for expression, texts in function.values()]
        for name, expression, texts in values:
            if texts[0] is None:
                self.assertIn((name, expression), refused, "BPF has no floats")
        readable = [row for row in values if row[2][0] is not None]
        needless = sum((name, expression) in refused for name, expression, _ in readable)
        labels = self.chosen(program, refused)
        functions = {function.name: function for function in program.functions}
        probes = [self.probe(name, functions[name], [expression for expression, _ in chosen], has_signature)
                  for name, chosen in labels.items()]
        fixture = gofixture.Driven(self, exe, ready=f"ready {sum(of.known for of in program.structs)}")
        exporter = start_exporter(self, self.config(exe, probes), "--strict")
        fixture.ask("run", "done")
        samples = exporter.samples()
        wanted = collections.Counter()
        for name, chosen in labels.items():
            for call in range(CALLS):
                key = {"name": name, **{f"l{index}": texts[call] for index, (_, texts) in enumerate(chosen)}}
                wanted[exposition.series(f"calls{len(chosen)}_total", **key)] += 1
        counted = {key: int(number) for key, number in samples.items() if key[0].startswith("calls")}
        wrong = {key for key in counted.keys() | wanted.keys() if counted.get(key, 0) != wanted.get(key, 0)}
        told = "\n".join(f"{sorted(key[1])}: {counted.get(key, 0)} instead of {wanted.get(key, 0)}; {functions[dict(key[1])['name']].signature}; "
                         f"{labels[dict(key[1])['name']]}" for key in sorted(wrong, key=lambda key: sorted(key[1])))
        self.assertEqual(wrong, set(), f"seed {seed}, {variant}\n{told}")
        self.assertEqual(exposition.losses(samples), {}, f"seed {seed}, {variant}")
        print(f"seed {seed}, {variant}: {sum(map(len, labels.values()))} labels of {len(labels)} functions are right; of {len(readable)} "
              f"values {needless} are refused", flush=True)
        # Types that the binary does not know hide what is behind them; with DWARF there are none.
        self.assertLess(needless, len(readable) / 4 if has_signature else len(readable) / 50)
        self.assertEqual(exporter.stop()[0], 0)
        fixture.stop()

    def test_stripped(self):
        for seed in SEEDS:
            with self.subTest(seed=seed):
                self.check(seed, gofixture.STRIPPED, "stripped", has_signature=True)

    def test_with_dwarf(self):
        for seed in SEEDS:
            with self.subTest(seed=seed):
                self.check(seed, gofixture.UNSTRIPPED, "unstripped", has_signature=False)


if __name__ == "__main__":
    unittest.main(verbosity=2)
