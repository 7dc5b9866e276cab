"""What deploy/ has for Kubernetes, rendered."""

import yaml

from support import SOURCE, run
from tools import tool

KUBERNETES = SOURCE / "deploy" / "kubernetes"
OVERLAYS = ("least-privilege", "prometheus-operator", "resonance")
FOLDERS = {"base": KUBERNETES / "base", **{name: KUBERNETES / "overlays" / name for name in OVERLAYS}}


def kustomize(folder):
    return run(tool("kustomize"), "build", folder).stdout


def objects(text):
    """{(kind, name): object}"""
    found = [each for each in yaml.safe_load_all(text) if each]
    return {(each["kind"], each["metadata"]["name"]): each for each in found}
