/** Names in docs that need not exist in this repository, and why. */
const EXCEPTIONS: readonly {
  readonly page?: string;
  readonly names: readonly string[];
  readonly because: string;
}[] = [
  { page: "CONTRIBUTING.md", names: ["LONG_ROUNDS", "MAY_LOSE_MS"], because: "constants of tests" },
  { names: ["apps/console/dist"], because: "the build of the console, not committed" },
  { names: ["docker-compose.override.yml"], because: "a file that users may add" },
  { page: "docs/containers.md", names: ["COMPOSE_PROJECT_NAME"], because: "a variable of Docker Compose" },
  { page: "docs/certificates.md", names: ["COMPOSE_FILE"], because: "a variable of Docker Compose" },
  {
    page: "docs/runbooks/CollectorDropping.md",
    names: ["deltatocumulative/delta.ErrOutOfOrder", "*/delta.ErrOlderStart"],
    because: "values of a label, which the collector's processor makes from its error types",
  },
  { page: "docs/kubernetes.md", names: ["/etc/hosts"], because: "a file of the system" },
  {
    page: "docs/kubernetes-operation.md",
    names: [
      "ConfigMap",
      "ConfigMaps",
      "CiliumNetworkPolicy",
      "ErrImageNeverPull",
      "ImagePullBackOff",
      "K3D_FIX_MOUNTS",
      "kubelet_volume_stats_available_bytes",
      "/etc/hosts",
    ],
    because: "kinds, states and metrics of Kubernetes, a variable of k3d, and a file of the system",
  },
  { page: "docs/native-stack.md", names: ["3128"], because: "the port of an example's proxy" },
  { page: "docs/web-pages.md", names: ["5173"], because: "the port of an example's web page" },
  {
    page: "docs/invalid-items.md",
    names: ["key_error"],
    because: "the name that otel-collector.yaml gives to the key __error__",
  },
  {
    page: "docs/span-metrics.md",
    names: [
      "/users/42/orders/7?sort=asc",
      "/users/{id}/orders/{id}?{query}",
      "/watch/dQw4w9WgXcQ",
      "/watch/{id}",
    ],
    because: "span names of other services",
  },
  {
    page: "docs/runbooks/SpanMetricsNearLimit.md",
    names: ["/users/{id}"],
    because: "a span name of an example",
  },
  { names: ["/hello"], because: "the route of an example" },
  { names: ["VictoriaMetrics"], because: "other projects" },
  {
    page: "docs/slo-documents.md",
    names: ["RatioTimeslices"],
    because: "a budgeting method of OpenSLO that is rejected",
  },
];

/** Returns whether a page may contain a name that does not exist in this repository. */
export const excused = (page: string, name: string): boolean =>
  EXCEPTIONS.some((one) => (one.page === undefined || one.page === page) && one.names.includes(name));

/** Exceptions that are no longer needed and could hide a mistake. */
export const unneeded = (
  wrong: readonly { readonly page: string; readonly name: string }[],
): readonly string[] =>
  EXCEPTIONS.flatMap(({ page, names }) =>
    names.filter(
      (name) => !wrong.some((one) => one.name === name && (page === undefined || one.page === page)),
    ),
  );
