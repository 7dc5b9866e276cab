"""The rows of the matrix: versions of Go and ways to build. Programs are kept and built again only after a change."""

import collections
import hashlib
import os

from support import BUILD, SOURCE, required, run

FIXTURE = SOURCE / "tests" / "fixtures" / "go" / "matrix"
FOLDER = BUILD / "matrix"

VERSIONS = ["1.18.10", "1.20.14", "1.21.13", "1.22.12", "1.23.12", "1.24.13", "1.25.4", "1.26.8", "1.27.4"]

Build = collections.namedtuple("Build", "flags cgo", defaults=(False,))

STRIP = "-ldflags=-s -w"
BUILDS = {
    "plain": Build([]),
    "stripped": Build([STRIP]),
    "pie": Build(["-buildmode=pie", STRIP]),
    "external": Build(["-ldflags=-linkmode=external -s -w"], cgo=True),
    "c-shared": Build(["-buildmode=c-shared", STRIP], cgo=True),
    "race": Build(["-race"], cgo=True),
    "unoptimized": Build(["-gcflags=all=-N -l"]),
    "trimpath": Build(["-trimpath", STRIP]),
}

# What .ci/run looks at.
SUBSET = [("1.26.8", "stripped"), ("1.25.4", "pie"), ("1.22.12", "stripped"), ("1.20.14", "external"), ("1.27.4", "stripped"),
          ("1.24.13", "c-shared")]


def _sources_hash():
    digest = hashlib.sha256()
    for path in sorted(FIXTURE.rglob("*")):
        if path.is_file():
            digest.update(str(path.relative_to(FIXTURE)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def _kept(name, make):
    """The file FOLDER/name; make(path) makes it where it does not exist."""
    path = FOLDER / name
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        make(fresh)
        fresh.rename(path)
    return path


def fixture(version, way):
    """The program, or the shared library, of one row."""
    build = BUILDS[way]
    flags = hashlib.sha256(repr(build).encode()).hexdigest()[:6]
    # Go 1.19 fails with an index of modules ("import of unknown directory").
    environment = {**os.environ, "GOTOOLCHAIN": f"go{version}", "CGO_ENABLED": "1" if build.cgo else "0",
                   "GOFLAGS": "", "GODEBUG": "goindex=0"}
    return _kept(f"matrix-{version}-{way}-{flags}-{_sources_hash()}",
                 lambda path: run("nice", required("go"), "build", *build.flags, "-o", path, ".", cwd=FIXTURE, env=environment))


def host():
    """The C program that loads a shared library."""
    return _kept(f"host-{_sources_hash()}",
                 lambda path: run(required("cc"), "-O1", "-o", path, FIXTURE / "host" / "host.c", "-ldl", "-pthread"))
