#!/usr/bin/python3
"""Checks what deploy/ ships, as far as that goes without a cluster, a container engine or systemd as process 1.

check_deploy.py [--fix]    --fix makes the copies below deploy/ anew: kustomize and helm read no file outside of their folders

Against Kubernetes itself the manifests are checked by tests/kubernetes.
"""
import pathlib
import re
import shutil
import subprocess
import sys

import yaml

TOP = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = TOP / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
BASE = KUBERNETES / "base"
OPERATOR = KUBERNETES / "components" / "prometheus-operator"
CHART = DEPLOY / "helm" / "uprobe-exporter"
PORT = 19435
EXPORTER_RULES = ("recorded losses", "uprobe_exporter")
RULE_HEAD = """\
# Made from deploy/prometheus by tests/deploy/check_deploy.py --fix.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: uprobe-exporter
  labels:
    app.kubernetes.io/name: uprobe-exporter
spec:
"""
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


def exporter_rules():
    """`groups` of deploy/prometheus that are about the exporter, not about Resonance."""
    groups = [group for name in ("recording_rules.yml", "alerts.yml")
              for group in load(DEPLOY / "prometheus" / name)[0]["groups"] if group["name"] in EXPORTER_RULES]
    assert len(groups) == len(EXPORTER_RULES), [group["name"] for group in groups]
    return yaml.safe_dump({"groups": groups}, sort_keys=False, width=120)


def prometheus_rule():
    spec = "".join(f"  {line}\n" for line in exporter_rules().splitlines())
    return RULE_HEAD + spec


def copies():
    """{file below deploy/: its text}: each is written elsewhere."""
    return {
        KUBERNETES / "components" / "resonance" / "probes.yaml": (TOP / "probes.yaml").read_text(),
        CHART / "files" / "probes.yaml": (BASE / "probes.yaml").read_text(),
        CHART / "files" / "rules.yaml": exporter_rules(),
        OPERATOR / "prometheus-rule.yaml": prometheus_rule(),
    }


def fix_copies():
    for path, text in copies().items():
        path.write_text(text)


def check_copies():
    for path, text in copies().items():
        assert path.exists() and path.read_text() == text, (
            f"{path.relative_to(TOP)} is not what it is made from: run tests/deploy/check_deploy.py --fix")


def check_yaml_parses():
    found = [path for suffix in ("yaml", "yml") for path in DEPLOY.rglob(f"*.{suffix}") if path.parent != CHART / "templates"]
    assert found, "no YAML below deploy/"
    for path in found:
        assert load(path), f"{path} is empty"


def daemonset():
    (found,) = load(BASE / "daemonset.yaml")
    return found


def check_daemonset():
    """What kustomize and a schema cannot know: ports, paths and volumes are those of the exporter."""
    spec = daemonset()["spec"]
    template = spec["template"]
    assert spec["selector"]["matchLabels"] == template["metadata"]["labels"]
    pod = template["spec"]
    assert pod["hostPID"] is True and not pod.get("hostNetwork", False)
    (container,) = pod["containers"]
    assert container["securityContext"]["privileged"] is True
    (port,) = container["ports"]
    assert port["containerPort"] == PORT and f"--web.listen-address=:{PORT}" in container["args"]
    for probe, path in (("readinessProbe", "/-/ready"), ("livenessProbe", "/-/healthy")):
        assert container[probe]["httpGet"] == {"path": path, "port": port["name"]}, probe
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    volume, pins = sorted(pod["volumes"], key=lambda each: "hostPath" in each)
    assert mounts[pins["name"]] == pins["hostPath"]["path"] == "/sys/fs/bpf", "counts are kept in the node's BPF file system"
    (generated,) = load(BASE / "kustomization.yaml")[0]["configMapGenerator"]
    assert volume["configMap"]["name"] == generated["name"]
    assert f"--config={mounts[volume['name']]}/{generated['files'][0]}" in container["args"], "--config names another file"


def check_compose():
    (compose,) = load(DEPLOY / "compose.yaml")
    (service,) = compose["services"].values()
    assert service["pid"] == "host" and service["privileged"] is True
    assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).samefile(DEPLOY / "Dockerfile")
    assert f"--web.listen-address=:{PORT}" in service["command"] and f"127.0.0.1:{PORT}:{PORT}" in service["ports"]
    volumes = dict(volume.split(":")[:2] for volume in service["volumes"])
    assert volumes["/sys/fs/bpf"] == "/sys/fs/bpf", "counts are kept in the machine's BPF file system"
    assert f"--config={volumes['../probes.yaml']}" in service["command"], "--config names another file"
    (network,) = service["networks"].values()
    assert set(network["aliases"]) == set(load(TOP / "probes.yaml")[0]["services"])


def check_capabilities_of_pods():
    """The least-privilege variants and the systemd unit agree."""
    (patch,) = load(KUBERNETES / "components" / "least-privilege" / "daemonset.yaml")
    (container,) = patch["spec"]["template"]["spec"]["containers"]
    wanted = [name.removeprefix("CAP_") for name in sorted(CAPABILITIES)]
    assert sorted(container["securityContext"]["capabilities"]["add"]) == wanted
    (text,) = re.findall(r"add: \[(.*)\]", (CHART / "templates" / "daemonset.yaml").read_text())
    assert sorted(text.split(", ")) == wanted


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
    namespace = load(BASE / "kustomization.yaml")[0]["namespace"]
    template = daemonset()["spec"]["template"]
    (port,) = template["spec"]["containers"][0]["ports"]
    for job in config["scrape_configs"]:
        assert job["kubernetes_sd_configs"][0]["namespaces"]["names"] == [namespace]
        keep = job["relabel_configs"][0]
        assert keep["regex"] == f"{template['metadata']['labels']['app.kubernetes.io/name']};{port['name']}", keep


def check_runbooks():
    """Every alert has a page, which its annotation names, and every page an alert."""
    alerts = [rule for name in ("alerts.yml", "preset_rules.yml") for group in load(DEPLOY / "prometheus" / name)[0]["groups"]
              for rule in group["rules"] if "alert" in rule]
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
    """Every file that a stage copies from the build context is in the repository, and .dockerignore lets it in."""
    allowed = {line[1:] for line in (TOP / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(\S+) ", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    assert copied
    for source in copied:
        assert (TOP / source).exists(), f"Dockerfile copies {source}"
        assert source == "." or source.split("/")[0] in allowed or source in allowed, f".dockerignore keeps {source} out"
    for folder in allowed:
        assert (TOP / folder).exists(), f".dockerignore names {folder}"


def check_licence():
    """What runs in the kernel must say that it is GPL-compatible."""
    for path in (TOP / "bpf").rglob("*.[ch]"):
        assert "SPDX-License-Identifier: GPL-2.0 OR MIT" in path.read_text().splitlines()[0], path


def main():
    if sys.argv[1:] == ["--fix"]:
        fix_copies()
    for check in (check_copies, check_yaml_parses, check_daemonset, check_compose, check_capabilities_of_pods, check_prometheus,
                  check_kubernetes_discovery, check_kubernetes_targets, check_runbooks, check_unit, check_dockerfile, check_licence):
        check()
        print("ok:", check.__name__)


main()
