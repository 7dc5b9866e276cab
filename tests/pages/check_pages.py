"""Pages of random configurations (make_pages), read by Prometheus' own readers: promtool, and the strict OpenMetrics parser of
its Python client. What is accepted they take; what is refused for its names at least one of them refuses, too."""

import pathlib
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from prometheus_client.openmetrics.parser import text_string_to_metric_families

SEEDS, PAGES = range(1, 4), 150


def openmetrics_error(page):
    try:
        for _ in text_string_to_metric_families(page.read_bytes().decode()):
            pass
    except ValueError as error:
        return str(error)
    return None


def text_error(page):
    """promtool ends with 3 where its linter dislikes a name, which is the user's business."""
    done = subprocess.run(["promtool", "check", "metrics"], input=page.read_bytes(), capture_output=True)
    return None if done.returncode in (0, 3) else done.stderr.decode()


def check(page):
    """What is wrong with our verdict on a page, if anything."""
    errors = [error for error in (openmetrics_error(page.with_suffix(".openmetrics")), text_error(page)) if error]
    refused = page.with_suffix(".refused")
    if errors and not refused.exists():
        return f"{page}: accepted by us, but {errors}"
    if refused.exists() and not errors:
        return f"{page}: refused by us without need: {refused.read_text()}"
    return None


def main():
    for seed in SEEDS:
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.argv[1], str(seed), str(PAGES), folder], check=True)
            pages = sorted(pathlib.Path(folder).glob("*.text"))
            assert len(pages) == PAGES, len(pages)
            with ThreadPoolExecutor(4) as pool:
                wrong = [text for text in pool.map(check, pages) if text]
            assert not wrong, "\n".join([f"seed {seed}:", *wrong])
            refused = len(list(pathlib.Path(folder).glob("*.refused")))
            assert 0 < refused < PAGES, f"{refused} of {PAGES} refused: nothing is compared"


if __name__ == "__main__":
    main()
