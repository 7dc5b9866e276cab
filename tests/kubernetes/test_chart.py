"""The Helm chart makes what the kustomizations make."""

import unittest

import schemas
from manifests import CHART, CHART_VALUES, FOLDERS, helm, helm_template, kustomize, objects
from support import TestCase, run
from tools import tool

# What Helm wants on every object of its own.
HELM_LABELS = {"app.kubernetes.io/instance", "app.kubernetes.io/managed-by", "app.kubernetes.io/version", "helm.sh/chart",
               "app.kubernetes.io/name"}


def without_helm_labels(value):
    """The same, without labels and selectors that name the release."""
    if isinstance(value, list):
        return [without_helm_labels(each) for each in value]
    if not isinstance(value, dict):
        return value
    result = {key: without_helm_labels(each) for key, each in value.items() if key not in HELM_LABELS}
    return {key: each for key, each in result.items() if not (key == "labels" and each == {})}


class Chart(TestCase):
    def template(self, *values, release="agent", check=True):
        return helm_template(release, "tools", *values, check=check)

    def test_lint(self):
        for values in CHART_VALUES.values():
            run(tool("helm"), "lint", "--strict", CHART, *values)

    def test_equals_the_kustomizations(self):
        for name, folder in FOLDERS.items():
            wanted = objects(kustomize(folder))
            wanted.pop(("Namespace", "uprobe-exporter"))  # `helm install --create-namespace` makes it
            found = objects(helm(name))
            self.assertEqual(found.keys(), wanted.keys(), name)
            for key, value in wanted.items():
                self.assertEqual(without_helm_labels(found[key]), without_helm_labels(value), (name, key))

    def test_every_field_is_known(self):
        folder = schemas.make()
        for name in CHART_VALUES:
            run(tool("kubeconform"), "-strict", "-schema-location",
                f"{folder}/{{{{ .ResourceKind }}}}{{{{ .KindSuffix }}}}.json", "-", input=helm(name))
            print(f"helm, {name}: {len(objects(helm(name)))} objects valid (helm lint --strict, kubeconform)")

    def test_values(self):
        found = objects(self.template(
            "--set", "image.repository=example.org/exporter,image.tag=1.0,priorityClass.create=false,networkPolicy.enabled=false",
            "--set", "extraArgs={--strict}", "--set", "resources=null").stdout)
        self.assertEqual(set(found), {(kind, "agent-uprobe-exporter") for kind in ("ConfigMap", "DaemonSet", "Service",
                                                                                  "ServiceAccount")})
        pod = found["DaemonSet", "agent-uprobe-exporter"]["spec"]["template"]["spec"]
        self.assertNotIn("priorityClassName", pod)
        (container,) = pod["containers"]
        self.assertEqual((container["image"], container["args"][-1]), ("example.org/exporter:1.0", "--strict"))
        self.assertEqual({each["metadata"]["namespace"] for each in found.values()}, {"tools"})

    def test_a_priority_class_that_is_there(self):
        found = objects(self.template("--set", "priorityClass.create=false,priorityClass.name=system-node-critical").stdout)
        self.assertNotIn("PriorityClass", {kind for kind, _ in found})
        pod = found["DaemonSet", "agent-uprobe-exporter"]["spec"]["template"]["spec"]
        self.assertEqual(pod["priorityClassName"], "system-node-critical")

    def test_labels_by_which_the_operator_selects(self):
        found = objects(self.template("--set", "podMonitor.enabled=true,podMonitor.labels.release=stack", "--set",
                                      "prometheusRule.enabled=true,prometheusRule.labels.release=stack").stdout)
        for kind in ("PodMonitor", "PrometheusRule"):
            self.assertEqual(found[kind, "agent-uprobe-exporter"]["metadata"]["labels"]["release"], "stack")

    def test_a_long_release_name_is_cut(self):
        names = {name for _, name in objects(self.template(release="a" * 46 + "-b").stdout)}
        self.assertEqual(names, {"a" * 46 + "-b-uprobe-exporte"})

    def test_wrong_values_are_refused(self):
        for values, message in (("leastPriviledge=true", "leastPriviledge"), ("leastPrivilege=yes", "leastPrivilege"),
                                ("image.pullPolicy=Allways", "pullPolicy"), ("image.repository=", "repository"),
                                ("servicePages={Gateway}", "servicePages"), ("servicePages={logic,logic}", "servicePages"),
                                ("podMonitor.enable=true", "podMonitor"), ("priorityClass.value=2000000000", "priorityClass"),
                                ("extraArgs=--strict", "extraArgs")):
            done = self.template("--set", values, check=False)
            self.assertNotEqual(done.returncode, 0, values)
            self.assertIn(message, done.stderr, values)


if __name__ == "__main__":
    unittest.main()
