#!/usr/bin/env bash
# Installs the whole system into a Kubernetes cluster: finds the cluster, builds the images into it, creates the Secrets,
# applies the manifests, and waits until everything is ready. It can be run again at any time: it changes only what differs.
# See docs/kubernetes.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'TEXT'
Usage: deploy/setup.sh [options]

  --context NAME        the kubectl context (default: the current one)
  --overlay NAME        local (default) or production
  --registry HOST/PATH  push the images there instead of loading them into the cluster; required for production
  --ingress-class NAME  the class of the Ingress (default: the default class of the cluster)
  --storage-class NAME  the storage class of all claims (default: that of the overlay)
  --tls                 TLS at the gateways and mutual TLS to services A and B, with certificates of `lab certificates`;
                        each run renews the certificates
  --no-build            use images that are already there
  --yes                 do not ask before a context that is not minikube, kind or k3d is changed
  --timeout SECONDS     for everything to be ready (default: 600)
TEXT
}

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}
step() { printf '\n== %s\n' "$*"; }
has() { command -v "$1" >/dev/null 2>&1; }
need() { has "$1" || fail "$1 is needed, and it is not on the PATH." "Get it: $2"; }

context='' overlay=local registry='' ingress_class='' storage_class='' build=yes ask=yes tls=no timeout=600
while [ $# -gt 0 ]; do
  case $1 in
    --context | --overlay | --registry | --ingress-class | --storage-class | --timeout)
      [ $# -gt 1 ] || fail "$1 needs a value."
      case $1 in
        --context) context=$2 ;;
        --overlay) overlay=$2 ;;
        --registry) registry=${2%/} ;;
        --ingress-class) ingress_class=$2 ;;
        --storage-class) storage_class=$2 ;;
        --timeout) timeout=$2 ;;
      esac
      shift
      ;;
    --tls) tls=yes ;;
    --no-build) build=no ;;
    --yes) ask=no ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && fail "Unknown option: $1" ;;
  esac
  shift
done
case $overlay in local | production) ;; *) fail "Unknown overlay: $overlay. Available: local, production." ;; esac
[[ $timeout =~ ^[0-9]+$ ]] || fail "--timeout must be a number of seconds (got \"$timeout\")."
# These values are written into a kustomization.
for value in "$registry" "$ingress_class" "$storage_class"; do
  [[ $value =~ ^[A-Za-z0-9._:/-]*$ ]] || fail "Invalid characters: \"$value\"."
done
if [ "$overlay" = production ] && [ -z "$registry" ]; then
  fail "The overlay production pulls its images: give their registry with --registry HOST/PATH."
fi

need kubectl "https://kubernetes.io/docs/tasks/tools"
need openssl "the package openssl of your system"
if [ "$tls" = yes ]; then need npm "https://nodejs.org (Node 18 or later; it makes the certificates)"; fi

step "The cluster"
if [ -z "$context" ]; then
  context=$(kubectl config current-context 2>/dev/null) || fail \
    "kubectl has no current context. Start a cluster, then run this again:" \
    "  minikube start --cpus 2 --memory 4g      https://minikube.sigs.k8s.io" \
    "  kind create cluster                      https://kind.sigs.k8s.io" \
    "  k3d cluster create                       https://k3d.io"
fi
kubectl config get-contexts -o name | grep -qxF -- "$context" || fail \
  "There is no context \"$context\". Available:" "$(kubectl config get-contexts -o name)"
kube() { kubectl --context "$context" "$@"; }

# minikube names its context after the profile, kind and k3d prefix the cluster's name.
case $context in
  kind-*) kind=kind cluster=${context#kind-} ;;
  k3d-*) kind=k3d cluster=${context#k3d-} ;;
  *)
    kind=other cluster=''
    if has minikube && minikube profile list -o json 2>/dev/null | grep -qF "\"Name\":\"$context\""; then
      kind=minikube cluster=$context
    fi
    ;;
esac
server=$(kube config view --minify -o 'jsonpath={.clusters[0].cluster.server}')
echo "context $context ($kind), $server"
if [ "$kind" = other ] && [ "$ask" = yes ]; then
  [ -t 0 ] || fail "This is not a cluster of minikube, kind or k3d. To change it anyway, give --yes."
  read -r -p "This is not a cluster of minikube, kind or k3d. Install into it? [y/N] " answer
  [[ $answer =~ ^[Yy]([Ee][Ss])?$ ]] || fail "Nothing was changed."
fi
kube get --raw /readyz >/dev/null 2>&1 || fail "The API server at $server does not respond. Is the cluster running?"
[ "$kind" = other ] || need "$kind" "it is needed to load images into this cluster"
if [ "$kind" = other ] && [ -z "$registry" ] && [ "$build" = yes ]; then
  fail "Images cannot be loaded into this cluster: give a registry with --registry HOST/PATH, or --no-build."
fi

# The policies would cut off another project that has a namespace with such a name.
for namespace in pspd observability node-exporter; do
  there=$(kube get namespace "$namespace" --ignore-not-found \
    -o 'jsonpath={.metadata.name} {.metadata.labels.app\.kubernetes\.io/part-of}')
  case $there in
    "" | "$namespace lgtm-lab") ;;
    *) fail "The namespace $namespace exists and does not belong to lgtm-lab. Nothing was changed." ;;
  esac
done

version=$(sed -n 's/.*"version": "\(.*\)".*/\1/p' package.json | head -n 1)
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
created=$(date -u +%Y-%m-%dT%H:%M:%SZ)

if [ "$build" = yes ]; then
  for image in services console; do
    name=lgtm-lab/$image:$version
    [ -z "$registry" ] || name=$registry/$name
    arguments=(--target "$image" -t "$name" --build-arg "REVISION=$revision" --build-arg "CREATED=$created")
    step "The image $name"
    need docker "https://docs.docker.com/get-docker"
    # Into the Docker of minikube, so that nothing has to be copied. Without it (containerd, CRI-O) the image is loaded.
    if [ "$kind" = minikube ] && [ -z "$registry" ]; then
      if inside=$(minikube -p "$cluster" docker-env --shell bash 2>/dev/null); then
        (eval "$inside" && docker build "${arguments[@]}" .)
        continue
      fi
    fi
    docker build "${arguments[@]}" .
    if [ -n "$registry" ]; then
      docker push "$name"
    elif [ "$kind" = minikube ]; then
      minikube -p "$cluster" image load "$name"
    elif [ "$kind" = kind ]; then
      kind load docker-image --name "$cluster" "$name"
    else
      k3d image import --cluster "$cluster" "$name"
    fi
  done
fi

# A kustomization of its own holds what the options set; nothing in the clone is changed.
folder=.lab/kubernetes/$overlay
mkdir -p "$folder"
{
  echo "# Written by deploy/setup.sh."
  echo "apiVersion: kustomize.config.k8s.io/v1beta1"
  echo "kind: Kustomization"
  echo "resources: [../../../deploy/kubernetes/overlays/$overlay]"
  if [ -n "$registry" ]; then
    echo "images:"
    for image in services console; do
      # The overlay production has another name for it.
      for old in "lgtm-lab/$image" "registry.invalid/lgtm-lab/$image"; do
        echo "  - {name: $old, newName: $registry/lgtm-lab/$image}"
      done
    done
  fi
  if [ "$tls" = yes ]; then
    echo "components:"
    echo "  - ../../../deploy/kubernetes/components/tls"
    # This overlay has the component `balancing`.
    [ "$overlay" != production ] || echo "  - ../../../deploy/kubernetes/components/tls/balancing"
  fi
  echo "patches:"
  if [ -n "$ingress_class" ]; then
    cat <<TEXT
  - target: {kind: Ingress}
    patch: '[{"op": "add", "path": "/spec/ingressClassName", "value": "$ingress_class"}]'
TEXT
  fi
  if [ -n "$storage_class" ]; then
    cat <<TEXT
  - target: {kind: StatefulSet}
    patch: '[{"op": "add", "path": "/spec/volumeClaimTemplates/0/spec/storageClassName", "value": "$storage_class"}]'
TEXT
  fi
  # Images that were pushed are pulled, also in the overlay local.
  if [ -n "$registry" ]; then
    for target in '{kind: Deployment}' '{kind: StatefulSet, name: console}'; do
      cat <<TEXT
  - target: $target
    patch: '[{"op": "replace", "path": "/spec/template/spec/containers/0/imagePullPolicy", "value": "IfNotPresent"}]'
TEXT
    done
  fi
} >"$folder/kustomization.yaml"
grep -q '^  - target' "$folder/kustomization.yaml" || sed -i.old '/^patches:$/d' "$folder/kustomization.yaml"
rm -f "$folder/kustomization.yaml.old"

step "Namespaces and Secrets"
kube apply -f deploy/kubernetes/base/namespaces.yaml
# A Secret that exists is kept: running services and Grafana's database have its content.
secret() {
  local namespace=$1 name=$2 key=$3 value=$4
  if kube -n "$namespace" get secret "$name" >/dev/null 2>&1; then
    echo "secret/$name in $namespace exists"
  else
    # By standard input: the arguments of a process are visible to other users.
    printf '%s' "$value" | kube -n "$namespace" create secret generic "$name" --from-file="$key=/dev/stdin"
  fi
}
random() { openssl rand -base64 33 | tr '+/' '-_' | tr -d '\n'; }
secret observability grafana-admin password "$(random)"
if [ "$overlay" = local ]; then
  # The console and the services share one token.
  token=$(kube -n pspd get secret fault-admin -o 'go-template={{.data.token | base64decode}}' 2>/dev/null ||
    kube -n observability get secret fault-admin -o 'go-template={{.data.token | base64decode}}' 2>/dev/null || random)
  for namespace in pspd observability; do secret "$namespace" fault-admin token "$token"; done
fi

if [ "$tls" = yes ]; then
  step "Certificates"
  npm run --silent lab -- certificates --days 90
  certificates=${LAB_STATE:-.lab}/tls
  authority=$certificates/ca.pem
  # By server-side apply: the object is not stored a second time in an annotation.
  create() { kube -n "$1" create "${@:2}" --dry-run=client -o yaml | kube apply --server-side --force-conflicts -f -; }
  for service in gateway gateway-rest service-a service-b; do
    create pspd secret generic "$service-tls" --from-file="tls.crt=$certificates/$service.pem" \
      --from-file="tls.key=$certificates/$service-key.pem" --from-file="ca.crt=$authority"
  done
  for namespace in pspd observability; do create "$namespace" configmap services-ca --from-file="ca.crt=$authority"; done
fi

if [ "$kind" = minikube ]; then
  step "Addons of minikube"
  for addon in ingress metrics-server; do
    minikube -p "$cluster" addons enable "$addon"
  done
  kube -n ingress-nginx rollout status deployment/ingress-nginx-controller --timeout "${timeout}s"
elif [ -z "$(kube get ingressclass -o name)" ]; then
  echo "There is no Ingress controller, so pspd.local will have no address. For kind:"
  echo "  https://kind.sigs.k8s.io/docs/user/ingress"
fi

step "The manifests"
# The configuration files are outside the folders of the manifests.
kube kustomize --load-restrictor LoadRestrictionsNone "$folder" | kube apply -f -

step "Waiting until everything is ready, at most $timeout s"
deadline=$((SECONDS + timeout))
for namespace in observability node-exporter pspd; do
  for workload in $(kube -n "$namespace" get statefulset,daemonset,deployment -o name); do
    left=$((deadline - SECONDS))
    if ! kube -n "$namespace" rollout status "$workload" --timeout "$((left > 0 ? left : 1))s"; then
      kube -n "$namespace" get pods >&2
      fail "" "$workload in $namespace is not ready. Its events:" \
        "$(kube -n "$namespace" get events --sort-by .lastTimestamp | tail -n 15)" \
        "See docs/kubernetes.md, then run this again."
    fi
  done
done

step "Ready"
address=$(kube -n pspd get ingress gateways -o 'jsonpath={.status.loadBalancer.ingress[0].ip}' || true)
[ -n "$address" ] || address=$(kube -n pspd get ingress gateways -o 'jsonpath={.status.loadBalancer.ingress[0].hostname}' || true)
case $kind in
  minikube) address=$(minikube -p "$cluster" ip) ;;
  kind | k3d) address=127.0.0.1 ;;
esac
cat <<TEXT
The gateways:
  http://pspd.local/a/hello?name=Ana    http://pspd-rest.local/a/hello?name=Ana
The line for /etc/hosts:
  ${address:-<address of the Ingress controller>} pspd.local pspd-rest.local
The console (http://127.0.0.1:8000) and Grafana (http://127.0.0.1:3000) are reachable while these run:
  kubectl --context $context -n observability port-forward service/console 8000
  kubectl --context $context -n observability port-forward service/grafana 3000
The password of Grafana's admin:
  kubectl --context $context -n observability get secret grafana-admin -o 'go-template={{.data.password | base64decode}}'
Set a fault, such as slow-b: npx lab break slow-b --context $context
Remove everything: deploy/teardown.sh --context $context
TEXT
