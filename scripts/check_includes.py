#!/usr/bin/python3
"""Checks who includes whom in userspace/: a stage sees `base` and the batons of earlier stages, never their machinery,
and third-party headers stand where docs/architecture.md says. Prints one line for each include that breaks it.

    scripts/check_includes.py [FOLDER]    default: the sources of this checkout
"""

import pathlib
import re
import sys

# In the order of the data. `units` runs the stages before it, `app` wires all of them: both see machinery.
STAGES = ("base", "config", "discover", "inspect", "plan", "attach", "collect", "metrics", "units", "expose", "app")
SEE_MACHINERY = ("units", "app")

# What later stages may see: the struct that travels, and what it is made of, told in or written as.
BATONS = {
    "config": ("probe_config", "web_config", "label_parts", "expression", "expression_uses", "parse_expression", "read_type", "group_reference"),
    "discover": ("target",),
    "inspect": ("binary_facts", "runtime", "type_table", "wanted", "go/go_unwind"),
    "plan": ("probe_plan", "output/encode_plan", "machine/stepping"),
    "attach": ("attached_binary", "shared_maps"),
    "collect": ("sample",),
    "metrics": ("snapshot", "self_state"),
    "units": ("view",),
    "expose": (),
    "app": (),
}

# `units` comes last of those that fill in what metrics are about.
EXTRA = {("units", "metrics"): ("self_state",)}

# Third-party headers -> the files or folders that may include them; what is not named here may stand anywhere.
THIRD_PARTY = {
    "bpf/": ("attach/", "collect/", "units/exporter_words.cpp", "units/process_labels.cpp", "units/process_registry.cpp",
             "units/retired_counts.cpp", "app/version.cpp"),
    "yaml-cpp/": ("config/read_yaml.cpp",),
    "elfutils/": ("inspect/dwarf/dwarf_index.cpp",),
    "libelf.h": ("inspect/dwarf/dwarf_index.cpp",),
    "capstone/": ("inspect/code/instruction_sites.cpp",),
    "zlib.h": ("expose/gzip.cpp",),
    "microhttpd.h": ("expose/http_server.cpp",),
    "gnutls/": ("expose/http_server.cpp", "expose/tls_credentials.cpp", "expose/basic_auth.cpp"),
    "crypt.h": ("expose/basic_auth.cpp",),
    "cap-ng.h": ("attach/capabilities.cpp",),
    "CLI/": ("app/options.cpp",),
    "re2/": ("config/", "collect/transform_label.cpp"),
    "nlohmann/": ("attach/pinned_binary.cpp", "collect/totals.cpp", "plan/output/", "units/kept_state.cpp"),
}


def is_allowed(stage, other, header):
    if other in (stage, "base"):
        return True
    if header in EXTRA.get((stage, other), ()):
        return True
    if STAGES.index(other) > STAGES.index(stage):
        return False
    return stage in SEE_MACHINERY or header in BATONS[other]


def problem(path, include):
    """What is wrong with `include` in the file at `path` below userspace/; None if nothing is."""
    stage, other = path.split("/")[0], include.split("/")[0]
    if other in STAGES and stage in STAGES:
        if not is_allowed(stage, other, include.partition("/")[2].removesuffix(".hpp")):
            return f"{stage} may not see {include}"
        return None
    if other == "lib" or include.endswith(".bpf.h"):
        return "of bpf/, userspace sees abi/ only"
    if include.endswith(".skel.h") and stage != "attach":
        return "skeletons are attach's"
    for library, places in THIRD_PARTY.items():
        if include.startswith(library) and not path.startswith(places):
            return f"{include} belongs to {', '.join(places)}"
    return None


def problems(folder):
    for file in sorted(folder.rglob("*.[ch]pp")):
        path = file.relative_to(folder).as_posix()
        for number, line in enumerate(file.read_text().splitlines(), 1):
            include = re.match(r'#include ["<]([^">]+)[">]', line)
            found = include and problem(path, include[1])
            if found:
                yield f"userspace/{path}:{number}: {found}"


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[1] / "userspace"
    found = list(problems(folder))
    print("\n".join(found) or "includes: all good")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
