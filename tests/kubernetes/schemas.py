"""Strict JSON schemas of Kubernetes' objects, for kubeconform: an unknown field is an error.

Made from the OpenAPI description in the module k8s.io/kubernetes and from the Prometheus Operator's resource definitions.
"""

import functools
import json
import pathlib
import subprocess

import yaml

from support import WORK
from tools import HERE

OPERATOR = "github.com/prometheus-operator/prometheus-operator@v0.85.0"
OPERATOR_KINDS = ("podmonitors", "prometheusrules")

# Kubernetes says only "string" of these two.
EXCEPTIONS = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"type": ["string", "integer"]},
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"type": ["string", "number"]},
}


def _go(*arguments):
    """Output of a go command in the module that pins Kubernetes."""
    return subprocess.run(["go", *arguments], cwd=HERE / "tools", capture_output=True, text=True, check=True).stdout


def _module_folder(module):
    return pathlib.Path(json.loads(_go("mod", "download", "-json", module))["Dir"])


def closed(schema):
    """The same schema, in which an object has its listed properties alone."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: closed(value) for key, value in schema.items()}
    if isinstance(result.get("$ref"), str):
        result["$ref"] = result["$ref"].replace("#/definitions/", "definitions.json#/definitions/")
    if result.get("x-kubernetes-int-or-string"):
        result.pop("type", None)
    has_free_fields = "additionalProperties" in result or result.get("x-kubernetes-preserve-unknown-fields")
    if isinstance(result.get("properties"), dict) and not has_free_fields:
        result["additionalProperties"] = False
    return result


def _kubernetes(folder, swagger):
    definitions = {name: EXCEPTIONS.get(name) or closed(schema) for name, schema in swagger["definitions"].items()}
    (folder / "definitions.json").write_text(json.dumps({"definitions": definitions}))
    for name, schema in swagger["definitions"].items():
        for kind in schema.get("x-kubernetes-group-version-kind", []):
            group = kind["group"].partition(".")[0]
            file = "-".join(part for part in (kind["kind"].lower(), group, kind["version"]) if part) + ".json"
            (folder / file).write_text(json.dumps({"$ref": f"definitions.json#/definitions/{name}"}))


def _operator(folder, definition):
    spec = definition["spec"]
    for version in spec["versions"]:
        file = f"{spec['names']['kind'].lower()}-{spec['group'].partition('.')[0]}-{version['name']}.json"
        (folder / file).write_text(json.dumps(closed(version["schema"]["openAPIV3Schema"])))


def operator_definitions():
    """Files of the Prometheus Operator's resource definitions."""
    crds = _module_folder(OPERATOR) / "example" / "prometheus-operator-crd"
    return [crds / f"monitoring.coreos.com_{kind}.yaml" for kind in OPERATOR_KINDS]


@functools.cache
def make():
    """A folder with a schema per kind."""
    folder = WORK / "kubernetes-schemas"
    folder.mkdir(parents=True, exist_ok=True)
    version = _go("list", "-m", "-f", "{{.Version}}", "k8s.io/kubernetes").strip()
    swagger = _module_folder(f"k8s.io/kubernetes@{version}") / "api" / "openapi-spec" / "swagger.json"
    _kubernetes(folder, json.loads(swagger.read_text()))
    for file in operator_definitions():
        _operator(folder, yaml.safe_load(file.read_text()))
    return folder
