import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promtool, resolveTool } from "@lgtm-lab/stack";
import { execa } from "execa";
import { parse, stringify } from "yaml";
import { temporaryFolder } from "../../packages/stack/test/helpers.ts";
import { read } from "../kubernetes/manifests.ts";

/**
 * Checks prometheus/scrape/kubernetes.yml with the code of Prometheus: which pods become targets, and with which labels.
 * Static targets with the same labels replace the discovery, because the Prometheus that is built here has no discovery
 * of Kubernetes.
 */
const META = "__meta_kubernetes_";
const POD = {
  __address__: "10.1.2.3:50051",
  [`${META}pod_annotation_prometheus_io_scrape`]: "true",
  [`${META}pod_annotation_prometheus_io_port`]: "50061",
  [`${META}pod_label_app_kubernetes_io_name`]: "service-a",
  [`${META}pod_name`]: "service-a-7d4b9-x2x",
  [`${META}pod_node_name`]: "node-1",
  [`${META}endpointslice_endpoint_conditions_ready`]: "true",
  [`${META}endpointslice_endpoint_conditions_terminating`]: "false",
};
type Labels = Readonly<Record<string, string>>;

const { scrape_configs } = parse(read("prometheus/scrape/kubernetes.yml"), { merge: true });

/** Returns the labels of the targets of a job, after the relabelling of what was discovered. */
async function targetsOf(job: string, discovered: readonly Labels[]): Promise<Labels[]> {
  const found = scrape_configs.find((each: { job_name: string }) => each.job_name === job);
  const { kubernetes_sd_configs, ...rest } = found ?? assert.fail(job);
  assert.equal(kubernetes_sd_configs[0].role, "endpointslice");
  const static_configs = discovered.map(({ __address__ = "", ...labels }) => ({
    targets: [__address__],
    labels,
  }));
  const file = join(temporaryFolder(), "prometheus.yml");
  writeFileSync(file, stringify({ scrape_configs: [{ ...rest, static_configs }] }));
  const program = await resolveTool("promtool", promtool);
  const { stdout } = await execa(program, ["check", "service-discovery", "--timeout=2s", file, job]);
  const results = JSON.parse(stdout) as { labels: Labels | null }[];
  return results.flatMap(({ labels }) => (labels && Object.keys(labels).length > 0 ? [labels] : []));
}

/** A pod with other labels. */
const pod = (name: string, labels: Labels = {}): Labels => ({ ...POD, [`${META}pod_name`]: name, ...labels });
const { [`${META}pod_annotation_prometheus_io_scrape`]: _, ...unasked } = pod("unasked");

// Each run of promtool takes as long as its timeout.
const [services, stack] = await Promise.all([
  targetsOf("services", [
    pod("one"),
    pod("stopping", { [`${META}endpointslice_endpoint_conditions_terminating`]: "true" }),
    pod("with-tls", { [`${META}pod_annotation_prometheus_io_scheme`]: "https" }),
    pod("unready", {
      [`${META}endpointslice_endpoint_conditions_ready`]: "false",
      __address__: "[fd00::1]:50051",
      [`${META}pod_annotation_prometheus_io_path`]: "/actuator/prometheus",
    }),
    unasked,
  ]),
  targetsOf("stack", [
    pod("one"),
    pod("stopping", { [`${META}endpointslice_endpoint_conditions_terminating`]: "true" }),
  ]),
]);
const named = (name: string) => services.find((labels) => labels.pod === name);

test("a pod is scraped at the port of its annotation, with the labels of all modes, pod and node", () => {
  const shown = [
    "__scheme__",
    "__address__",
    "__metrics_path__",
    "job",
    "service_name",
    "pod",
    "node",
    "instance",
  ];
  assert.deepEqual(Object.fromEntries(shown.map((name) => [name, named("one")?.[name]])), {
    __scheme__: "http",
    __address__: "10.1.2.3:50061",
    __metrics_path__: "/metrics",
    job: "service-a",
    service_name: "service-a",
    pod: "one",
    node: "node-1",
    instance: "10.1.2.3:50061",
  });
});

test("an annotation sets the scheme", () => {
  assert.equal(named("with-tls")?.__scheme__, "https");
});

test("an annotation sets the path; an IPv6 address keeps its brackets", () => {
  assert.equal(named("unready")?.__metrics_path__, "/actuator/prometheus");
  assert.equal(named("unready")?.__address__, "[fd00::1]:50061");
});

test("an unready pod is a target; one that stops or does not ask for it is none", () => {
  assert.deepEqual(services.map((labels) => labels.pod).sort(), ["one", "unready", "with-tls"]);
  assert.deepEqual(
    stack.map((labels) => labels.pod),
    ["one"],
  );
});
