#!/usr/bin/python3
"""Writes dashboards/*.json from source/*.py.

build_dashboards.py [--check]    --check only says whether the files are as they would be written
"""

import json
import pathlib
import sys

GRAFANA = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(GRAFANA / "source"))

# pylint: disable=wrong-import-position
import exporter
import messages
import overview
import red
import storage

DASHBOARDS = {module.__name__: module.DASHBOARD for module in (overview, messages, storage, exporter, red)}


def main():
    for name, dashboard in DASHBOARDS.items():
        file = GRAFANA / "dashboards" / f"{name}.json"
        text = json.dumps(dashboard, indent=2, ensure_ascii=False) + "\n"
        if sys.argv[1:] != ["--check"]:
            file.write_text(text)
        elif not file.exists() or file.read_text() != text:
            sys.exit(f"{file} is not what its source says: run {pathlib.Path(__file__).name}")


if __name__ == "__main__":
    main()
