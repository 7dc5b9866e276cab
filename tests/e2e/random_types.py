"""Go programs of random types and signatures, with what every part of every value is: an oracle that knows no register."""

import random

INTEGERS = {"int": (64, True), "int8": (8, True), "int16": (16, True), "int32": (32, True), "int64": (64, True), "uint": (64, False),
            "uint8": (8, False), "uint16": (16, False), "uint32": (32, False), "uint64": (64, False), "uintptr": (64, False)}
FLOATS = ("float32", "float64", "complex64", "complex128")

MOST_LABELS = 5
CALLS = 3


class Basic:
    def __init__(self, name, known):
        self.name, self.written, self.known = name, name, known

    def value(self, rng):
        """(Go source, {expression behind the value's own: text of the label})"""
        if self.name in INTEGERS:
            bits, signed = INTEGERS[self.name]
            low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
            number = rng.choice((low, high, 0, rng.randint(low, high), rng.randint(low, high)))
            return f"{self.name}({number})", {"": str(number)}
        if self.name == "bool":
            truth = rng.choice(("true", "false"))
            return truth, {"": truth}
        if self.name == "string":
            text = "".join(rng.choice("abcdefgh") for _ in range(rng.randint(0, 12)))
            return f'"{text}"', {"": text, "len": str(len(text))}
        if self.name.startswith("complex"):
            return f"{self.name}(complex({rng.randint(-9, 9)}, {rng.randint(-9, 9)}))", {"": None}
        return f"{self.name}({rng.randint(-99, 99)}.5)", {"": None}


def behind(parts, step):
    """The parts of a value that `step` leads to."""
    return {(f"{step}|{rest}" if rest in ("len", "there") else step + rest): text for rest, text in parts.items()}


def unreachable(parts, without=()):
    """What is told of the parts where a pointer on the way is nil: comparisons are false, labels empty."""
    return {path: "false" if path.endswith("there") else "" for path, text in parts.items() if text is not None and path not in without}


class Struct:
    def __init__(self, name, fields, known):
        self.name, self.written, self.fields, self.known = name, f"main.{name}", fields, known

    def declaration(self):
        return f"type {self.name} struct {{\n" + "".join(f"\t{name} {of.name}\n" for name, of in self.fields) + "}\n"

    def value(self, rng):
        sources, parts = [], {}
        for name, of in self.fields:
            source, inner = of.value(rng)
            if name != "_":
                sources.append(f"{name}: {source}")
                parts |= behind(inner, f".{name}")
        return f"{self.name}{{{', '.join(sources)}}}", parts


class Array:
    def __init__(self, of, length):
        self.of, self.length, self.known = of, length, of.known
        self.name, self.written = f"[{length}]{of.name}", f"[{length}]{of.written}"

    def value(self, rng):
        values = [self.of.value(rng) for _ in range(self.length)]
        parts = {}
        for index, (_, inner) in enumerate(values):
            parts |= behind(inner, f"[{index}]")
        return f"{self.name}{{{', '.join(source for source, _ in values)}}}", parts


class Slice:
    def __init__(self, of):
        self.of, self.known = of, True
        self.name, self.written = f"[]{of.name}", f"[]{of.written}"

    def value(self, rng):
        values = [self.of.value(rng) for _ in range(rng.randint(0, 3))]
        absent = unreachable(self.of.value(rng)[1])
        parts = {"len": str(len(values))}
        for index in range(2):
            inner = values[index][1] if index < len(values) else absent
            parts |= behind({path: text for path, text in inner.items() if path in absent}, f"[{index}]")
        source = f"{self.name}{{{', '.join(source for source, _ in values)}}}" if values else f"{self.name}(nil)"
        return source, parts


class Pointer:
    def __init__(self, of):
        self.of, self.known = of, True
        self.name, self.written = f"*{of.name}", f"*{of.written}"

    def value(self, rng):
        source, parts = self.of.value(rng)
        if rng.randrange(4) == 0:
            return f"({self.name})(nil)", {"there": "false"} | unreachable(parts, ("len",))
        return f"at({source})", {"there": "true"} | {path: text for path, text in parts.items() if path != "len"}


class Counted:
    """A map or a channel: its length is all that can be told."""

    def __init__(self, kind, of):
        self.kind, self.of, self.known = kind, of, True
        self.name = f"map[string]{of.name}" if kind == "map" else f"chan {of.name}"
        self.written = f"map[string]{of.written}" if kind == "map" else f"chan {of.written}"

    def value(self, rng):
        count = rng.randint(0, 3)
        values = ", ".join(self.of.value(rng)[0] for _ in range(count))
        if self.kind == "chan":
            return f"filled[{self.of.name}]({values})", {"len": str(count)}
        keyed = ", ".join(f'"{index}": {self.of.value(rng)[0]}' for index in range(count))
        return f"{self.name}{{{keyed}}}", {"len": str(count)}


class Interface:
    """any, error, or an interface of the program, which types of the program implement."""

    def __init__(self, name, holds):
        self.name, self.known, self.holds = name, True, holds
        self.written = name if name in ("any", "error") else f"main.{name}"

    def value(self, rng):
        parts = {}
        chosen = rng.randrange(len(self.holds) + 1)
        source = "nil"
        for index, of in enumerate(self.holds):
            own, inner = of.value(rng)
            while own.endswith("(nil)"):
                own, inner = of.value(rng)
            if index == chosen:
                source = own
            reachable = {path: text for path, text in inner.items() if text is not None and path not in ("there", "len")}
            parts |= behind(reachable if index == chosen else unreachable(reachable), f".({of.written})")
        parts["typeof"] = self.holds[chosen].written if chosen < len(self.holds) else ""
        parts["there"] = "false" if source == "nil" else "true"
        return source, parts


class Function:
    def __init__(self, number, receiver, parameters, results, rng):
        self.name, self.receiver, self.parameters, self.results = f"f{number}", receiver, parameters, results
        self.calls = [([of.value(rng) for of in self.inputs()], [of.value(rng) for of in results]) for _ in range(CALLS)]

    def inputs(self):
        return ([self.receiver] if self.receiver else []) + self.parameters

    @property
    def symbol(self):
        if not self.receiver:
            return f"main.{self.name}"
        return f"main.(*{self.receiver.of.name}).{self.name}" if isinstance(self.receiver, Pointer) else f"main.{self.receiver.name}.{self.name}"

    def _list(self, types, attribute):
        return ", ".join(getattr(of, attribute) for of in types)

    @property
    def signature(self):
        named = ", ".join(f"p{index} {of.written}" for index, of in enumerate(self.parameters))
        return f"func({named}) ({self._list(self.results, 'written')})" if self.results else f"func({named})"

    def source(self):
        named = ", ".join(f"p{index} {of.name}" for index, of in enumerate(self.parameters))
        receiver = f"(r {self.receiver.name}) " if self.receiver else ""
        variables = "".join(f"var {self.name}r{index} = [{CALLS}]{of.name}{{{', '.join(call[1][index][0] for call in self.calls)}}}\n"
                            for index, of in enumerate(self.results))
        body = f"\treturn {', '.join(f'{self.name}r{index}[call]' for index in range(len(self.results)))}\n" if self.results else "\tsink++\n"
        return f"{variables}\n//go:noinline\nfunc {receiver}{self.name}({named}) ({self._list(self.results, 'name')}) {{\n{body}}}\n"

    def call(self, number):
        sources = [source for source, _ in self.calls[number][0]]
        if self.receiver:
            return f"\t({sources[0]}).{self.name}({', '.join(sources[1:])})\n"
        return f"\t{self.name}({', '.join(sources)})\n"

    def values(self):
        """[(expression, where None stands for a value that BPF cannot read, [text for each call])]"""
        roots = ([("recv", 0, 0)] if self.receiver else []) + [
            (f"p{index}", 0, index + (1 if self.receiver else 0)) for index in range(len(self.parameters))] + [
            (f"ret{index}", 1, index) for index in range(len(self.results))]
        found = []
        for root, side, index in roots:
            texts = [call[side][index][1] for call in self.calls]
            for path in sorted(set.intersection(*(set(parts) for parts in texts))):
                found.append((written(root, path), [parts[path] for parts in texts]))
        return found


def written(root, path):
    before, _, last = path.rpartition("|")
    if last in ("len", "typeof"):
        return f"{last}({root}{before})"
    return f"{root}{before} != nil" if last == "there" else root + path


class Program:
    def __init__(self, seed, functions):
        rng = random.Random(seed)
        self.rng = rng
        self.structs = []
        basics = [Basic(name, True) for name in (*INTEGERS, "bool", "string", "string", *FLOATS)]
        self.basics = basics
        for number in range(24):
            fields = [("_" if rng.randrange(12) == 0 else f"a{index}", self.field(2)) for index in range(rng.randint(0, 4))]
            self.structs.append(Struct(f"T{number}", fields, rng.randrange(3) != 0))
        held = [of for of in self.structs if of.known and of.fields and len(of.fields) < 4][:3]
        self.interfaces = [Interface("any", [Basic("int", True), Basic("string", True), *held[:1]]), Interface("error", [Pointer(Struct("Failure", [("code", Basic("int32", True))], True))]),
                           Interface("Shape", [Pointer(of) for of in held])]
        self.functions = [self.function(number) for number in range(functions)]

    def field(self, depth):
        rng = self.rng
        kind = rng.randrange(12)
        if self.structs and kind < 2:
            return rng.choice(self.structs)
        if depth > 0 and kind == 2:
            return Array(self.field(depth - 1), rng.choice((0, 1, 1, 2, 3)))
        if depth > 0 and kind == 3:
            return Slice(self.field(0))
        if depth > 0 and kind == 4:
            return Pointer(self.field(0))
        return rng.choice(self.basics)

    def type(self):
        kind = self.rng.randrange(16)
        if kind < 3:
            return self.rng.choice(self.interfaces)
        if kind == 3:
            return Counted(self.rng.choice(("map", "chan")), self.rng.choice(self.basics[:12]))
        return self.rng.choice(self.structs) if kind < 7 else self.field(2)

    def function(self, number):
        rng = self.rng
        receiver = None
        if rng.randrange(4) == 0:
            of = rng.choice(self.structs)
            receiver = of if rng.randrange(2) else Pointer(of)
        return Function(number, receiver, [self.type() for _ in range(rng.randint(0, 6))], [self.type() for _ in range(rng.randint(0, 3))], rng)

    def source(self):
        shapes = "".join(f"func (r *{of.of.name}) IsShape() bool {{ return r != nil }}\n" for of in self.interfaces[2].holds)
        known = ", ".join(f"{of.name}{{}}" for of in self.structs if of.known)
        calls = "".join(f"\tcall = {number}\n" + "".join(function.call(number) for function in self.functions) for number in range(CALLS))
        return PROGRAM + "".join(of.declaration() for of in self.structs) + shapes + f"\nvar kept = []any{{{known}}}\n" + "".join(
            "\n" + function.source() for function in self.functions) + f"\nfunc run() {{\n{calls}}}\n"


PROGRAM = """\
package main

import (
	"bufio"
	"fmt"
	"os"
)

var call, sink int

type Shape interface{ IsShape() bool }

type Failure struct{ code int32 }

func (f *Failure) Error() string { return fmt.Sprint(f.code) }

func at[T any](value T) *T { return &value }

func filled[T any](values ...T) chan T {
	filled := make(chan T, 4)
	for _, value := range values {
		filled <- value
	}
	return filled
}

func main() {
	fmt.Println("ready", len(kept))
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		run()
		fmt.Println("done")
	}
}

"""
