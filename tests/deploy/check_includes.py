#!/usr/bin/python3
"""The sources include what they may, and scripts/check_includes.py sees it when they do not."""

import pathlib
import subprocess
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "check_includes.py"

WRONG = {
    "attach/early.cpp": '#include "collect/sample.hpp"\n',
    "base/log.cpp": '#include "config/probe_config.hpp"\n',
    "collect/deep.cpp": '#include <vector>\n\n#include "attach/gate.hpp"\n',
    "config/yaml.cpp": "#include <yaml-cpp/parser.h>\n",
    "expose/page.hpp": '#include "metrics/build_snapshot.hpp"\n',
    "metrics/skeleton.cpp": '#include "probe.skel.h"\n',
    "plan/kernel.cpp": '#include "lib/frames.bpf.h"\n#include <bpf/bpf.h>\n',
    "units/page.cpp": '#include "expose/routes.hpp"\n',
}
RIGHT = {
    "app/all.cpp": '#include "attach/gate.hpp"\n#include "expose/routes.hpp"\n#include "units/owner.hpp"\n',
    "collect/evaluate.cpp": '#include "abi/operation.h"\n#include "attach/attached_binary.hpp"\n#include "base/log.hpp"\n',
    "config/read_yaml.cpp": "#include <yaml-cpp/parser.h>\n",
    "units/owner.cpp": '#include "metrics/self_state.hpp"\n#include "attach/gate.hpp"\n',
}
FOUND = """\
userspace/attach/early.cpp:1: attach may not see collect/sample.hpp
userspace/base/log.cpp:1: base may not see config/probe_config.hpp
userspace/collect/deep.cpp:3: collect may not see attach/gate.hpp
userspace/config/yaml.cpp:1: yaml-cpp/parser.h belongs to config/read_yaml.cpp
userspace/expose/page.hpp:1: expose may not see metrics/build_snapshot.hpp
userspace/metrics/skeleton.cpp:1: skeletons are attach's
userspace/plan/kernel.cpp:1: of bpf/, userspace sees abi/ only
userspace/plan/kernel.cpp:2: bpf/bpf.h belongs to attach/, collect/, units/exporter_words.cpp, units/process_labels.cpp, \
units/process_registry.cpp, units/retired_counts.cpp, app/version.cpp
userspace/units/page.cpp:1: units may not see expose/routes.hpp
"""


class Includes(unittest.TestCase):
    maxDiff = None

    def check(self, files):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                path = pathlib.Path(folder) / name
                path.parent.mkdir(exist_ok=True)
                path.write_text(text)
            done = subprocess.run([SCRIPT, folder], capture_output=True, text=True, check=False)
            return done.returncode, done.stdout

    def test_sources(self):
        done = subprocess.run([SCRIPT], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, "includes: all good\n"))

    def test_what_is_wrong_is_found(self):
        self.assertEqual(self.check(WRONG | RIGHT), (1, FOUND))

    def test_what_is_right_is_not(self):
        self.assertEqual(self.check(RIGHT), (0, "includes: all good\n"))


if __name__ == "__main__":
    unittest.main()
