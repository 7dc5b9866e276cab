"""Containers by podman, with storage of their own; nothing of them is left after the test."""

import os
import pathlib
import shutil
import tarfile
import tempfile

import gofixture
from support import BUILD, required, run, wait_until

# crun refuses a machine that has cgroup v1 and v2; limits may not be raised without CAP_SYS_RESOURCE.
SETTINGS = """\
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""

# The exporter's libraries are the machine's own: its image has what a Debian root has at these places.
MERGED = ("bin", "lib", "lib64", "sbin")


def cgroups_of_podman():
    return set(pathlib.Path("/sys/fs/cgroup").glob("*/libpod_parent")) | set(pathlib.Path("/sys/fs/cgroup").glob("libpod_parent"))


class Podman:
    def __init__(self, test):
        self.test = test
        # podman takes no long path for what it keeps while containers run.
        self.store = pathlib.Path(tempfile.mkdtemp(prefix="podman-", dir="/var/tmp"))
        self.environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(test.dir),
                            "CONTAINERS_CONF": str(test.write("containers.conf", SETTINGS))}
        self.command = (required("podman"), "--root", self.store / "root", "--runroot", self.store / "run", "--storage-driver",
                        "overlay", "--tmpdir", self.store / "tmp")
        self.cgroups = cgroups_of_podman()
        test.addCleanup(self.remove)

    def run(self, *arguments, **options):
        return run(*self.command, *arguments, env=self.environment, **options)

    def load(self, name, *files, links=()):
        """An image with {path inside: file here}."""
        archive = self.test.dir / f"{name}.tar"
        with tarfile.open(archive, "w") as tar:
            for inside, file in files:
                tar.add(file, inside)
            for inside, target in links:
                entry = tarfile.TarInfo(inside)
                entry.type, entry.linkname = tarfile.SYMTYPE, target
                tar.addfile(entry)
        self.run("import", "--quiet", archive, f"localhost/{name}:test")
        archive.unlink()
        return f"localhost/{name}:test"

    def driven(self, name, image, *command):
        """A program in a container that reads lines and answers them."""
        return gofixture.Driven(self.test, "env", "-i", *(f"{key}={value}" for key, value in self.environment.items()),
                                *self.command, "run", "--rm", "--interactive", "--network=none", f"--name={name}", image,
                                *command)

    def exporter_image(self):
        return self.load("exporter", ("usr/local/bin/uprobe_exporter", BUILD / "uprobe_exporter"),
                         links=[(name, f"usr/{name}") for name in MERGED])

    def exporter_command(self, image, config, *podman, arguments=()):
        """How to run the exporter: the machine's processes, the machine's libraries, a configuration."""
        libraries = [f"--volume={path}:{path}:ro" for path in ("/usr/lib", "/usr/lib64") if pathlib.Path(path).exists()]
        return (*self.command, "run", "--rm", "--replace", "--name=exporter", "--network=host", *libraries,
                f"--volume={config}:/etc/uprobe_exporter/probes.yaml:ro", *podman, image, "uprobe_exporter", "run",
                "--config=/etc/uprobe_exporter/probes.yaml", "--web.listen-address=127.0.0.1:0", *arguments)

    def runs(self):
        """Whether a process of podman's names the store: containers are cleaned up by one that outlives them."""
        for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if str(self.store).encode() in entry.read_bytes():
                    return True
            except OSError:
                pass  # ended meanwhile
        return False

    def remove(self):
        self.run("rm", "--all", "--force", "--time=0", check=False)
        wait_until(lambda: not self.runs(), "the end of podman's processes")
        for line in reversed(pathlib.Path("/proc/self/mountinfo").read_text().splitlines()):
            point = line.split()[4]
            if point.startswith(f"{self.store}/"):
                run("umount", "--lazy", point)
        shutil.rmtree(self.store)
        for top in cgroups_of_podman() - self.cgroups:
            for folder, _, _ in os.walk(top, topdown=False):
                os.rmdir(folder)
