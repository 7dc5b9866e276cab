#!/usr/bin/python3
"""Checks what deploy/ ships, as far as that goes without a cluster, a container engine or systemd as process 1.

check_deploy.py [--fix]    --fix copies probes.yaml into the ConfigMap of deploy/daemonset.yaml
"""
import pathlib
import re
import shutil
import subprocess
import sys

import yaml

TOP = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = TOP / "deploy"
DAEMONSET = DEPLOY / "daemonset.yaml"
PORT = 19435
CAPABILITIES = {"CAP_BPF", "CAP_PERFMON", "CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH", "CAP_LEASE"}


class NoDuplicates(yaml.SafeLoader):
    """PyYAML lets the last of two equal keys win; for people that is an error."""


def mapping_without_duplicates(loader, node):
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    for key in keys:
        assert keys.count(key) == 1, f"{node.start_mark}: key {key!r} stands twice"
    return loader.construct_mapping(node, deep=True)


NoDuplicates.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping_without_duplicates)


def load(path):
    return list(yaml.load_all(path.read_text(), NoDuplicates))


def fix_config_map():
    head, marker, _ = DAEMONSET.read_text().partition("  probes.yaml: |\n")
    lines = (TOP / "probes.yaml").read_text().splitlines()
    body = "".join(f"    {line}\n" if line else "\n" for line in lines)
    DAEMONSET.write_text(head + marker + body)


def check_yaml_parses():
    found = [path for suffix in ("yaml", "yml") for path in DEPLOY.rglob(f"*.{suffix}")]
    assert found, "no YAML below deploy/"
    for path in found:
        assert load(path), f"{path} is empty"


def check_daemonset():
    objects = {document["kind"]: document for document in load(DAEMONSET)}
    assert set(objects) == {"Namespace", "DaemonSet", "ConfigMap"}, set(objects)
    namespace = objects["Namespace"]["metadata"]["name"]
    for kind in ("DaemonSet", "ConfigMap"):
        assert objects[kind]["metadata"]["namespace"] == namespace, kind

    spec = objects["DaemonSet"]["spec"]
    template = spec["template"]
    assert spec["selector"]["matchLabels"] == template["metadata"]["labels"]
    pod = template["spec"]
    assert pod["hostPID"] is True and not pod.get("hostNetwork", False)
    (container,) = pod["containers"]
    assert container["securityContext"]["privileged"] is True
    (port,) = container["ports"]
    assert port["containerPort"] == PORT and f":{PORT}" in container["args"]
    for probe, path in (("readinessProbe", "/-/ready"), ("livenessProbe", "/-/healthy")):
        assert container[probe]["httpGet"] == {"path": path, "port": port["name"]}, probe
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    (volume,) = pod["volumes"]
    assert volume["configMap"]["name"] == objects["ConfigMap"]["metadata"]["name"]
    (config_file,) = objects["ConfigMap"]["data"]
    assert f"{mounts[volume['name']]}/{config_file}" in container["args"], "--config names another file"
    assert objects["ConfigMap"]["data"][config_file] == (TOP / "probes.yaml").read_text(), (
        "the ConfigMap is not the repository's probes.yaml: run tests/deploy/check_deploy.py --fix")


def check_scrape_config():
    subprocess.run(["promtool", "check", "config", "--lint=all", DEPLOY / "prometheus" / "scrape.yml"], check=True)
    (config,) = load(DEPLOY / "prometheus" / "scrape.yml")
    jobs = {job["job_name"]: job for job in config["scrape_configs"]}
    (probes,) = load(TOP / "probes.yaml")
    for service in probes["services"]:
        assert jobs[service]["metrics_path"] == f"/metrics/{service}", service
    for job in jobs.values():
        assert job["static_configs"][0]["targets"] == [f"localhost:{PORT}"], job


def check_unit():
    path = DEPLOY / "uprobe_exporter.service"
    text = path.read_text()
    for key in ("AmbientCapabilities", "CapabilityBoundingSet"):
        (value,) = re.findall(rf"^{key}=(.*)$", text, re.MULTILINE)
        assert set(value.split()) == CAPABILITIES, key
    if not shutil.which("systemd-analyze"):
        return
    # It looks for the program that ExecStart names.
    result = subprocess.run(["systemd-analyze", "verify", path], capture_output=True, text=True)
    complaints = [line for line in result.stderr.splitlines()
                  if path.name in line and "is not executable" not in line]
    assert not complaints, "\n".join(complaints)
    # 0 is a service that can do nothing, 10 one that can do everything; what is left is what the exporter is for.
    result = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=30", path], capture_output=True,
                            text=True)
    assert result.returncode == 0, result.stdout


def check_dockerfile():
    """Every file that a stage copies from the build context is in the repository."""
    copied = re.findall(r"^COPY (?!--from)(\S+) ", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    assert copied
    for source in copied:
        assert (TOP / source).exists(), f"Dockerfile copies {source}"


def check_licence():
    """What runs in the kernel must say that it is GPL-compatible."""
    for path in (TOP / "bpf").rglob("*.[ch]"):
        assert "SPDX-License-Identifier: GPL-2.0 OR MIT" in path.read_text().splitlines()[0], path


def main():
    if sys.argv[1:] == ["--fix"]:
        fix_config_map()
    for check in (check_yaml_parses, check_daemonset, check_scrape_config, check_unit, check_dockerfile,
                  check_licence):
        check()
        print("ok:", check.__name__)


main()
