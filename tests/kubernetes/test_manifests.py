"""The manifests have no field that Kubernetes does not know, and say what they are meant to."""

import json
import os
import unittest

import schemas
from manifests import FOLDERS, KUBERNETES, OVERLAYS, kustomize, objects
from support import TestCase, run
from tools import tool

DAEMONSET = ("DaemonSet", "uprobe-exporter")


class Manifests(TestCase):
    def kubeconform(self, text):
        """Each problem that it finds, by kind."""
        location = f"{schemas.make()}/{{{{ .ResourceKind }}}}{{{{ .KindSuffix }}}}.json"
        done = run(tool("kubeconform"), "-strict", "-output", "json", "-summary", "-schema-location", location, "-", input=text,
                   check=False)
        result = json.loads(done.stdout)
        self.assertEqual(result["summary"]["skipped"], 0, done.stdout)
        problems = [f"{each['kind']}: {each['msg']}" for each in result.get("resources") or []]
        self.assertEqual(done.returncode != 0, bool(problems), done.stdout + done.stderr)
        return result["summary"]["valid"], problems

    def test_every_field_is_known(self):
        for name, folder in FOLDERS.items():
            text = kustomize(folder)
            valid, problems = self.kubeconform(text)
            self.assertEqual((valid, problems), (len(objects(text)), []), name)
            print(f"{name}: {valid} objects valid (kubeconform, strict schemas)")

    def test_an_unknown_field_is_found(self):
        text = kustomize(FOLDERS["base"])
        for right, wrong in (("hostPID: true", "hostPid: true"), ("privileged: true", "privileged: 1"),
                             ("maxSurge: 1", "maxSurge: [1]"), ("apiVersion: apps/v1\n", "apiVersion: apps/v1beta1\n")):
            self.assertEqual(text.count(right), 1, right)
            self.assertNotEqual(self.kubeconform(text.replace(right, wrong))[1], [], wrong)

    def test_overlays_differ_from_the_base_as_they_say(self):
        base = objects(kustomize(FOLDERS["base"]))
        overlays = {name: objects(kustomize(FOLDERS[name])) for name in OVERLAYS}
        changed = {name: sorted(key[0] for key in each.keys() | base.keys() if base.get(key) != each.get(key))
                   for name, each in overlays.items()}
        self.assertEqual(changed, {
            "least-privilege": ["DaemonSet"],
            "prometheus-operator": ["PodMonitor", "PrometheusRule", "Role", "RoleBinding"],
            "resonance": ["ConfigMap", "DaemonSet", "NetworkPolicy", "Service", "Service", "Service"]})
        (container,) = overlays["least-privilege"][DAEMONSET]["spec"]["template"]["spec"]["containers"]
        self.assertEqual(container["securityContext"], {
            "privileged": False, "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "runAsUser": 0,
            "capabilities": {"drop": ["ALL"], "add": ["BPF", "PERFMON", "SYS_PTRACE", "DAC_READ_SEARCH", "LEASE"]},
            "seccompProfile": {"type": "RuntimeDefault"}})

    def test_overlays_can_be_put_together(self):
        kubernetes = os.path.relpath(KUBERNETES, self.dir)
        self.write("kustomization.yaml", json.dumps({
            "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "namespace": "uprobe-exporter",
            "resources": [f"{kubernetes}/base"], "components": [f"{kubernetes}/components/{name}" for name in OVERLAYS]}))
        text = kustomize(self.dir)
        self.assertEqual(self.kubeconform(text), (len(objects(text)), []))
        (container,) = objects(text)[DAEMONSET]["spec"]["template"]["spec"]["containers"]
        self.assertEqual((container["securityContext"]["privileged"], container["args"][-1]),
                         (False, "--web.service-listen-address=:9090"))


if __name__ == "__main__":
    unittest.main()
