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
    volume, pins = sorted(pod["volumes"], key=lambda each: "hostPath" in each)
    assert mounts[pins["name"]] == pins["hostPath"]["path"] == "/sys/fs/bpf", "counts are kept in the node's BPF file system"
    assert volume["configMap"]["name"] == objects["ConfigMap"]["metadata"]["name"]
    (config_file,) = objects["ConfigMap"]["data"]
    assert f"{mounts[volume['name']]}/{config_file}" in container["args"], "--config names another file"
    assert objects["ConfigMap"]["data"][config_file] == (TOP / "probes.yaml").read_text(), (
        "the ConfigMap is not the repository's probes.yaml: run tests/deploy/check_deploy.py --fix")


def check_prometheus():
    """Both configurations have a job for each service, and one for the exporter itself."""
    services = load(TOP / "probes.yaml")[0]["services"]
    paths = {f"resonance-{service}": f"/metrics/{service}" for service in services} | {"uprobe_exporter": None}
    configs = {name: load(DEPLOY / "prometheus" / name)[0] for name in ("prometheus.yml", "prometheus-kubernetes.yml")}
    for name, config in configs.items():
        jobs = {job["job_name"]: job for job in config["scrape_configs"]}
        assert {job: entry.get("metrics_path") for job, entry in jobs.items()} == paths, name
        assert all(job["honor_labels"] for job in jobs.values()), name
        assert [group["targets"] for job in jobs.values() for group in job.get("static_configs", [])] in (
            [], [[f"localhost:{PORT}"]] * len(jobs)), name
    # Debian 12's promtool knows no Kubernetes; beyond that the two are the same.
    subprocess.run(["promtool", "check", "config", "--lint=all", "--lint-fatal", DEPLOY / "prometheus" / "prometheus.yml"],
                   check=True)
    for part in ("global", "rule_files"):
        assert configs["prometheus.yml"][part] == configs["prometheus-kubernetes.yml"][part], part
    static, kubernetes = (
        [{key: job[key] for key in ("job_name", "metrics_path", "metric_relabel_configs") if key in job}
         for job in config["scrape_configs"]] for config in configs.values())
    assert static == kubernetes
    check_alerts_know_services("|".join(services))
    subprocess.run(["amtool", "check-config", DEPLOY / "prometheus" / "alertmanager.yml"], check=True)


def check_alerts_know_services(services):
    """Where alerts choose jobs of services, they choose these: another's job may be called resonance-something, too."""
    rules = [rule for group in load(DEPLOY / "prometheus" / "alerts.yml")[0]["groups"] for rule in group["rules"]]
    chosen = [match for rule in rules for match in re.findall(r'job=~"([^"]*resonance-[^"]*)"', rule["expr"])]
    assert chosen
    for match in chosen:
        assert match.removeprefix("uprobe_exporter|") == f"resonance-({services})", match


def relabeled(labels, rules):
    """What relabel_configs make of a target's labels; None: it is dropped."""
    labels = dict(labels)
    for rule in rules:
        value = ";".join(labels.get(name, "") for name in rule.get("source_labels", []))
        # Prometheus' regular expressions are anchored.
        match = re.fullmatch(str(rule.get("regex", "(.*)")), value)
        action = rule.get("action", "replace")
        assert action in ("keep", "drop", "replace"), action
        if action == "replace":
            if match:
                labels[rule["target_label"]] = match.expand(re.sub(r"\$(\d+)", r"\\\1", rule.get("replacement", "$1")))
        elif bool(match) != (action == "keep"):
            return None
    return {name: value for name, value in labels.items() if value and not name.startswith("__")}


def check_kubernetes_targets():
    """Which pods are scraped, and under which labels."""
    pod = {
        "__address__": "10.0.0.7:19435",
        "__meta_kubernetes_namespace": "uprobe-exporter",
        "__meta_kubernetes_pod_name": "uprobe-exporter-x7k2p",
        "__meta_kubernetes_pod_node_name": "node-1",
        "__meta_kubernetes_pod_phase": "Running",
        "__meta_kubernetes_pod_ip": "10.0.0.7",
        "__meta_kubernetes_pod_label_app_kubernetes_io_name": "uprobe-exporter",
        "__meta_kubernetes_pod_container_port_name": "metrics",
    }
    labels = {"namespace": "uprobe-exporter", "pod": "uprobe-exporter-x7k2p", "node": "node-1", "instance": "node-1",
              "environment": "production"}
    others = ({"__meta_kubernetes_pod_label_app_kubernetes_io_name": "uprobe-exporter-other"},
              {"__meta_kubernetes_pod_container_port_name": "debug"},
              {"__meta_kubernetes_pod_phase": "Failed"}, {"__meta_kubernetes_pod_phase": "Succeeded"})
    for job in load(DEPLOY / "prometheus" / "prometheus-kubernetes.yml")[0]["scrape_configs"]:
        rules = job["relabel_configs"]
        assert relabeled(pod, rules) == labels, (job["job_name"], relabeled(pod, rules))
        assert relabeled({**pod, "__meta_kubernetes_pod_phase": "Pending"}, rules) == labels
        for other in others:
            assert relabeled({**pod, **other}, rules) is None, (job["job_name"], other)


def check_kubernetes_discovery():
    """What the Kubernetes variant looks for is what the DaemonSet has."""
    (config,) = load(DEPLOY / "prometheus" / "prometheus-kubernetes.yml")
    daemonset = next(document for document in load(DAEMONSET) if document["kind"] == "DaemonSet")
    template = daemonset["spec"]["template"]
    (port,) = template["spec"]["containers"][0]["ports"]
    for job in config["scrape_configs"]:
        assert job["kubernetes_sd_configs"][0]["namespaces"]["names"] == [daemonset["metadata"]["namespace"]]
        keep = job["relabel_configs"][0]
        assert keep["regex"] == f"{template['metadata']['labels']['app.kubernetes.io/name']};{port['name']}", keep


def check_runbooks():
    """Every alert has a page, which its annotation names, and every page an alert."""
    alerts = [rule for group in load(DEPLOY / "prometheus" / "alerts.yml")[0]["groups"] for rule in group["rules"]]
    for rule in alerts:
        assert rule["annotations"]["runbook_url"] == f"docs/runbooks/{rule['alert']}.md", rule["alert"]
    pages = {page.stem: page.read_text() for page in (TOP / "docs" / "runbooks").glob("*.md")}
    assert set(pages) == {rule["alert"] for rule in alerts}, set(pages) ^ {rule["alert"] for rule in alerts}
    for name, text in pages.items():
        for heading in (f"# {name}\n", "## Meaning\n", "## What to look at\n", "## How it was provoked\n"):
            assert heading in text, f"{name}.md: no {heading}"


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
    for check in (check_yaml_parses, check_daemonset, check_prometheus, check_kubernetes_discovery,
                  check_kubernetes_targets, check_runbooks, check_unit, check_dockerfile, check_licence):
        check()
        print("ok:", check.__name__)


main()
