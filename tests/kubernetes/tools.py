"""The programs that tools/go.mod pins, built on first use."""

import functools
import os
import pathlib
import subprocess

from support import SOURCE

HERE = SOURCE / "tests" / "kubernetes"
CACHE = pathlib.Path(os.environ.get("UPROBE_EXPORTER_CACHE", pathlib.Path.home() / ".cache" / "uprobe_exporter"))
FOLDER = CACHE / "kubernetes"


@functools.cache
def tool(name):
    """Path of a program; building Kubernetes' own takes minutes where Go's cache is cold."""
    done = subprocess.run([HERE / "build_tools.sh", name], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"building {name}: {done.stderr}")
    return FOLDER / name
