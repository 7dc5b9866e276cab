"""What deploy/ has for Kubernetes, rendered."""

import yaml

from support import SOURCE, run
from tools import tool

KUBERNETES = SOURCE / "deploy" / "kubernetes"
CHART = SOURCE / "deploy" / "helm" / "uprobe-exporter"
OVERLAYS = ("least-privilege", "prometheus-operator", "resonance")
FOLDERS = {"base": KUBERNETES / "base", **{name: KUBERNETES / "overlays" / name for name in OVERLAYS}}

# Which values of the chart make what which overlay makes.
CHART_VALUES = {
    "base": (),
    "least-privilege": ("--set", "leastPrivilege=true"),
    "prometheus-operator": ("--set", "podMonitor.enabled=true", "--set", "prometheusRule.enabled=true", "--set",
                            "prometheusRole.enabled=true"),
    "resonance": ("--set", "servicePages={gateway,logic,task}", "--set-file", f"probes={SOURCE / 'probes.yaml'}"),
}


def kustomize(folder):
    return run(tool("kustomize"), "build", folder).stdout


def helm_template(release, namespace, *values, check=True):
    # Helm built from its module takes the cluster for an old one unless it is told.
    return run(tool("helm"), "template", release, CHART, "--kube-version", "1.37.0", "--namespace", namespace, *values, check=check)


def helm(name):
    return helm_template("uprobe-exporter", "uprobe-exporter", *CHART_VALUES[name]).stdout


def objects(text):
    """{(kind, name): object}"""
    found = [each for each in yaml.safe_load_all(text) if each]
    return {(each["kind"], each["metadata"]["name"]): each for each in found}
