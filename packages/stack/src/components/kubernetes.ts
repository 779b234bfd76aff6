import { type Binary, binary } from "../programs/program.ts";

/** The programs of a Kubernetes cluster, for the tests of deploy/kubernetes. Not part of the running stack. */

// renovate: datasource=go depName=k8s.io/kubernetes
const KUBERNETES_VERSION = "1.34.4";
// renovate: datasource=github-releases depName=etcd-io/etcd
const ETCD_VERSION = "3.6.16";
// renovate: datasource=github-releases depName=coredns/coredns
const COREDNS_VERSION = "1.14.1";
// renovate: datasource=github-releases depName=traefik/traefik
const TRAEFIK_VERSION = "3.6.12";
// renovate: datasource=github-releases depName=cloudnativelabs/kube-router
const KUBE_ROUTER_VERSION = "2.1.0";

/** Checks manifests with the code of the Kubernetes API server (tools/go/manifests). */
export const manifestsProgram: Binary = binary("MANIFESTS_BIN", {
  module: { version: KUBERNETES_VERSION, folder: "manifests", package: ".", ldflags: "-s -w" },
});

const kubernetesStamp = ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"].map(
  (variables) => `-X ${variables}.gitVersion=v${KUBERNETES_VERSION}`,
);

/**
 * What `npm run test:kubernetes` builds. `kubernetes` is kube-apiserver, kube-controller-manager, kube-scheduler,
 * kube-proxy, kubelet and kubectl in one program (tools/go/kubernetes).
 */
export const clusterPrograms = {
  kubernetes: binary("KUBERNETES_BIN", {
    module: {
      version: KUBERNETES_VERSION,
      folder: "kubernetes",
      package: ".",
      ldflags: ["-s -w", ...kubernetesStamp].join(" "),
    },
  }),
  etcd: binary("ETCD_BIN", {
    module: {
      version: ETCD_VERSION,
      folder: "etcd",
      package: "go.etcd.io/etcd/server/v3",
      ldflags: "-s -w", // without a version, which etcd has in its code
    },
  }),
  coredns: binary("COREDNS_BIN", {
    module: { version: COREDNS_VERSION, folder: "coredns", package: ".", ldflags: "-s -w" },
  }),
  /** The Ingress controller. */
  traefik: binary("TRAEFIK_BIN", {
    module: {
      version: TRAEFIK_VERSION,
      folder: "traefik",
      package: "github.com/traefik/traefik/v3/cmd/traefik",
      ldflags: `-s -w -X github.com/traefik/traefik/v3/pkg/version.Version=${TRAEFIK_VERSION}`,
    },
  }),
  /** Enforces the NetworkPolicies. */
  "kube-router": binary("KUBE_ROUTER_BIN", {
    module: {
      version: KUBE_ROUTER_VERSION,
      folder: "kube-router",
      package: "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router",
      ldflags: `-s -w -X github.com/cloudnativelabs/kube-router/v2/pkg/version.Version=v${KUBE_ROUTER_VERSION}`,
    },
  }),
} as const satisfies Readonly<Record<string, Binary>>;
