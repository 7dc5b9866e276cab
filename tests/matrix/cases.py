"""The columns of the matrix: what each case of tests/fixtures/go/matrix calls, and how it is probed."""

import collections

# name: column; functions: what is counted there; needs_cgo: calls come from C; late: functions whose calls run when a
# second exporter starts, which must see them (one that does not look sees none).
Case = collections.namedtuple("Case", "name functions needs_cgo late", defaults=(False, []))

CASES = [
    Case("growth", ["main.growSmall", "main.growMedium", "main.growHuge"]),
    Case("preempt", ["main.spin"]),
    Case("recursion", ["main.recurse"]),
    Case("mutual", ["main.even", "main.odd"]),
    Case("panic self", ["main.recoverSelf"]),
    Case("panic caller", ["main.catch", "main.pass", "main.throw"]),
    Case("re-panic", ["main.catchAgain", "main.rethrow", "main.throwFirst", "main.cleanUp"]),
    Case("Goexit", ["main.quit", "main.quitOuter", "main.atExit"]),
    Case("within", ["main.request", "main.lookup"]),
    Case("outermost", ["main.outer"]),
    Case("generics", ["main.sum[...]", "main.(*stack[...]).push", "main.(*stack[...]).top"]),
    Case("wrapper", ["main.value.weigh", "main.heavy.weigh"]),
    Case("closure", ["main.makeAdder.func1"]),
    Case("method value", ["main.(*meter).bump"]),
    Case("tail jump", ["main.(*engine).start", "main.(*car).start"]),
    Case("cgo", ["main.fromC"], needs_cgo=True),
    Case("threads", ["main.work"]),
    Case("held", ["main.park"]),
    Case("held in C", ["main.parkFromC", "main.parkThroughC"], needs_cgo=True),
    Case("late", [], late=["main.park"]),
    Case("late in C", [], needs_cgo=True, late=["main.parkFromC", "main.parkThroughC"]),
]

# Functions with a label of which the truth has the number of calls by text: its source and the function's signature.
LABELS = {
    "main.request": ('{ value: { within: main.lookup, read: ret0, signature: "func(i int) int" } }', "func(i int) error"),
    "main.sum[...]": ("n", "func(n int, values []int) int"),
    "main.(*stack[...]).push": ("n", "func(n int, item *int)"),
    "main.(*stack[...]).top": ("n", "func(n int) *int"),
}

# Probed with `outermost`; the truth about all of its calls has another name.
OUTERMOST = {"main.outer": "main.outer, nested too"}

# Made by the compiler. From Go 1.26 on such a function jumps to the promoted method, which returns in its place.
PROMOTED = ["main.(*car).start"]


def cases_of(cgo):
    return [case for case in CASES if cgo or not case.needs_cgo]


def functions_of(cgo):
    return [function for case in cases_of(cgo) for function in case.functions]


HEADER = """# Made by tests/matrix: every function of tests/fixtures/go/matrix, counted in every way.
services:
  matrix:
    match: {{ exe: "{exe}" }}
metrics:
  calls_total: {{ type: counter, help: Calls., labels: [function] }}
  duration_ms: {{ type: histogram, help: Durations., unit: ms, labels: [function], buckets: [1000000] }}
  open: {{ type: gauge, help: Calls in flight., labels: [function] }}
  ended_total: {{ type: counter, help: Calls by their end., labels: [function, ended] }}
  outermost_total: {{ type: counter, help: Outermost calls., labels: [function] }}
  outermost_ms: {{ type: histogram, help: Durations of outermost calls., unit: ms, labels: [function], buckets: [1000000] }}
  labelled_total: {{ type: counter, help: Calls by a label., labels: [function, text] }}
probes:
"""

ENTRY = """
  - name: "entry {function}"
    service: matrix
    function: "{function}"
    labels: {{ function: {{ const: "{function}" }} }}
    record: [calls_total]
"""

FRAME = """
  - name: "frame {function}"
    service: matrix
    function: "{function}"
    labels: {{ function: {{ const: "{function}" }} }}
    record: [duration_ms, {{ metric: open, in_flight: true }}]
  - name: "ended {function}"
    service: matrix
    function: "{function}"
    labels: {{ function: {{ const: "{function}" }}, ended: {{ unwound: panicked, else: returned }} }}
    record: [ended_total]
"""

NESTED = """
  - name: "outermost {function}"
    service: matrix
    function: "{function}"
    outermost: true
    labels: {{ function: {{ const: "{function}" }} }}
    record: [outermost_total, outermost_ms]
"""

LABELLED = """
  - name: "label {function}"
    service: matrix
    function: "{function}"
    signature: "{signature}"
    labels: {{ function: {{ const: "{function}" }}, text: {source} }}
    record: [labelled_total]
"""


LATE_FRAME = """
  - name: "late {function}"
    service: matrix
    function: "{function}"
    labels: {{ function: {{ const: "{function}" }} }}
    record: [{{ metric: open, in_flight: true }}]
"""


def late_yaml(exe, cgo):
    """The config for the exporter that comes late."""
    header = HEADER.format(exe=exe)
    kept = [line for line in header.splitlines() if "_total:" not in line and "_ms:" not in line]
    late = [function for case in cases_of(cgo) for function in case.late]
    return "\n".join(kept) + "".join(LATE_FRAME.format(function=function) for function in late)


def probes_yaml(exe, cgo):
    """The config for one fixture."""
    text = HEADER.format(exe=exe)
    for function in functions_of(cgo):
        text += ENTRY.format(function=function)
        if function not in PROMOTED:
            text += FRAME.format(function=function)
        if function in OUTERMOST:
            text += NESTED.format(function=function)
        if function in LABELS:
            source, signature = LABELS[function]
            text += LABELLED.format(function=function, source=source, signature=signature)
    return text
