#!/usr/bin/env bash
# Installs the whole system into a Kubernetes cluster: finds the cluster, builds the images into it, creates the Secrets,
# applies the manifests, and waits until everything is ready. It can be run again at any time: it changes only what differs.
# See docs/kubernetes.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'TEXT'
Usage: deploy/setup.sh [options]

The cluster remembers these options; an empty value ('') removes one:
  --overlay NAME            local (default) or production
  --host NAME               the host of the gateway (gRPC); default: pspd.local; required for production
  --rest-host NAME          the host of the gateway (REST); default: pspd-rest.local; required for production
  --cluster-issuer NAME     the ClusterIssuer of cert-manager that makes the certificates of both hosts (production)
  --ingress-class NAME      the class of the Ingress (default: the default class of the cluster)
  --ingress-namespace NAME  of the Ingress controller, if it is not ingress-nginx, traefik or kube-system
  --ingress-cidr RANGE      the addresses of the Ingress controller, if it is not a pod or uses the network of its node
  --registry HOST/PATH      push the images there instead of loading them into the cluster; required for production
  --pull-secret NAME        the Secret for this registry, in the namespaces pspd and observability
  --storage-class NAME      the storage class of all claims (default: the default class of the cluster)
  --tls, --no-tls           TLS at the gateways, the collector and Loki, and mutual TLS to services A and B, with
                            certificates of `lab certificates`, which each run renews (default: no)

Options of one run:
  --context NAME            the kubectl context (default: the current one; if that is not minikube, kind or k3d on this
                            machine, the only one that is)
  --no-build                use images that are already there: those that run now, or at first those of this version
  --tag TAG                 use images with this tag that are already there
  --build                   build and push images, although the last run used images that were already in the registry
  --yes                     do not ask before changing a cluster that is not minikube, kind or k3d on this machine;
                            needs --context
  --timeout SECONDS         for everything to be ready (default: 600)
TEXT
}

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}
# Prints a warning. Further arguments are further lines.
warn() {
  printf 'Warning: %s\n' "$1"
  [ $# -eq 1 ] || printf '  %s\n' "${@:2}"
}
step() { printf '\n== %s\n' "$*"; }
has() { command -v "$1" >/dev/null 2>&1; }
need() { has "$1" || fail "$1 is needed, and it is not on the PATH." "Get it: $2"; }

remembered=(overlay host rest-host cluster-issuer ingress-class ingress-namespace ingress-cidr
  registry pull-secret storage-class)
overlay='' host='' rest_host='' cluster_issuer='' ingress_class='' ingress_namespace='' ingress_cidr=''
registry='' pull_secret='' storage_class='' tls=no
context='' tag='' build='' ask=yes timeout=600
# Sets the variable of each option: rest_host for --rest-host.
read_options() {
  local name
  while [ $# -gt 0 ]; do
    name=${1#--}
    case $1 in
      --tls) tls=yes ;;
      --no-tls) tls=no ;;
      --build) build=yes ;;
      --no-build) build=no ;;
      --yes) ask=no ;;
      -h | --help) usage && exit 0 ;;
      *)
        [[ $1 == --* && " ${remembered[*]} context tag timeout " == *" $name "* ]] ||
          { usage >&2 && fail "Unknown option: $1"; }
        [[ $# -gt 1 && ("$1" != --overlay || -n $2) ]] || fail "$1 needs a value."
        # The values are written into a kustomization. A context is not; its name may have other characters.
        [[ $name == context || $2 =~ ^[A-Za-z0-9._:/-]*$ ]] || fail "Invalid characters in the value of $1: \"$2\"."
        printf -v "${name//-/_}" %s "${2%/}"
        shift
        ;;
    esac
    shift
  done
}
read_options "$@"
[[ $timeout =~ ^[0-9]+$ ]] || fail "--timeout must be a number of seconds (got \"$timeout\")."
[[ -z $tag || $build != yes ]] || fail "--tag uses images that are already there: leave out --build."
[ -z "$tag" ] || build=no

need kubectl "https://kubernetes.io/docs/tasks/tools"
need openssl "the package openssl of your system"

step "The cluster"
contexts=$(kubectl config get-contexts -o name)
kind_clusters=$(kind get clusters 2>/dev/null) || kind_clusters=''
minikube_profiles=$(minikube profile list -o json 2>/dev/null) || minikube_profiles=''
# Sets `kind` and `cluster` of a context. kind and k3d prefix the cluster's name, minikube names the context after the
# profile. The name alone proves nothing: a context `kind-prod` may belong to a remote cluster.
classify() {
  kind=other cluster=''
  if [[ $1 == kind-?* ]] && grep -qxF -- "${1#kind-}" <<<"$kind_clusters"; then
    kind=kind cluster=${1#kind-}
  elif [[ $1 == k3d-?* ]] && k3d cluster list "${1#k3d-}" >/dev/null 2>&1; then
    kind=k3d cluster=${1#k3d-}
  elif [ -n "$1" ] && grep -qF -- "\"Name\":\"$1\"" <<<"$minikube_profiles"; then
    kind=minikube cluster=$1
  fi
}
given=$context
if [ -z "$context" ]; then
  context=$(kubectl config current-context 2>/dev/null) || context=''
  classify "$context"
  if [ "$kind" = other ]; then
    found=()
    while read -r name; do
      classify "$name"
      [ "$kind" = other ] || found+=("$name")
    done <<<"$contexts"
    current=${context:+The current context $context is not a cluster of minikube, kind or k3d on this machine}
    current=${current:-kubectl has no current context}
    case ${#found[@]} in
      0) [ -n "$context" ] || fail "kubectl has no current context. Start a cluster, then run this again:" \
        "  minikube start --cpus 2 --memory 4g --cni calico                   https://minikube.sigs.k8s.io" \
        "  k3d cluster create -p 80:80@loadbalancer -p 443:443@loadbalancer   https://k3d.io" \
        "  kind create cluster                                                https://kind.sigs.k8s.io" ;;
      1)
        echo "$current, so this uses the only local one: ${found[0]}."
        [ -z "$context" ] || echo "To use the current context, give --context $context."
        context=${found[0]}
        ;;
      *) fail "$current, and there are several local ones. Choose one:" "${found[@]/#/  deploy/setup.sh --context }" ;;
    esac
  fi
fi
grep -qxF -- "$context" <<<"$contexts" || fail "There is no context \"$context\". Available:" "$contexts"
kube() { kubectl --context "$context" "$@"; }
classify "$context"
server=$(kube config view --minify -o 'jsonpath={.clusters[0].cluster.server}')
echo "context $context ($kind), $server"
if [ "$kind" = other ]; then
  not_local="This is not a cluster of minikube, kind or k3d on this machine."
  if [[ $context == kind-* || $context == k3d-* ]]; then
    warn "${context%%-*} does not list a cluster \"${context#*-}\", or ${context%%-*} is not on the PATH."
  fi
  if [ "$ask" = no ]; then
    [ -n "$given" ] || fail "$not_local With --yes, name it too: --context $context ($server)"
  else
    [ -t 0 ] || fail "$not_local To change it anyway, give --yes --context $context ($server)"
    read -r -p "$not_local Install into it? [y/N] " answer || answer=''
    [[ $answer =~ ^[Yy]([Ee][Ss])?$ ]] || fail "Nothing was changed."
  fi
fi
kube get --raw /readyz >/dev/null 2>&1 || fail "The API server at $server does not respond. Is the cluster running?"

# The policies would cut off another project that has a namespace with such a name.
for namespace in pspd observability node-exporter; do
  there=$(kube get namespace "$namespace" --ignore-not-found \
    -o 'jsonpath={.metadata.name} {.metadata.labels.app\.kubernetes\.io/part-of}')
  case $there in
    "" | "$namespace lgtm-lab") ;;
    *) fail "The namespace $namespace exists and does not belong to lgtm-lab. Nothing was changed." ;;
  esac
done

# Read the remembered options, then those of this run again, so that these win. kubectl is not called in the here-string:
# its failure would not end the script, and defaults would replace the remembered options.
last=$(kube get namespace pspd --ignore-not-found -o 'jsonpath={.metadata.annotations.lgtm-lab/options}')
read -ra words <<<"$last"
installed='' installed_tls=no images_given=no build_now=$build
if [ ${#words[@]} -gt 0 ]; then
  echo "remembered: ${words[*]}"
  overlay='' tls=no build=''
  read_options "${words[@]}"
  installed=$overlay installed_tls=$tls
  [ "$build" != no ] || images_given=yes
  read_options "$@"
fi
build=$build_now overlay=${overlay:-local}
[[ -z $installed || $installed == "$overlay" ]] || fail \
  "The overlay $installed is installed, and it cannot be replaced by $overlay, whose claims have other sizes." \
  "First remove it, with its data: deploy/teardown.sh --context $context"
# The images may be those of a release: without --build, the script must not push others to that registry.
[[ -z $registry || $images_given == no || -n $build ]] || fail \
  "The last run used images that were already in $registry. Give --tag TAG for those of another version," \
  "--no-build to keep those that run now, or --build to build and push images."
build=${build:-yes}
case $overlay in
  local) ;;
  production)
    [ -n "$registry" ] || fail "The overlay production pulls its images: give their registry with --registry HOST/PATH."
    [[ -n $host && -n $rest_host ]] || fail "The overlay production needs hosts: give --host NAME and --rest-host NAME."
    ;;
  *) fail "Unknown overlay: $overlay. Available: local, production." ;;
esac
certificates=${LAB_STATE:-.lab}/tls
authority=$certificates/ca.pem
# Prints the hash of the name of the CA that has issued the certificates in the cluster. Every CA has a different name.
issuer_there() {
  local certificate
  certificate=$(kube -n pspd get secret gateway-tls --ignore-not-found \
    -o 'go-template={{index .data "tls.crt" | base64decode}}') || return 1
  [ -z "$certificate" ] || openssl x509 -noout -issuer_hash <<<"$certificate"
}
# Prints the hash of the name of the CA that issues certificates here.
issuer_here() { openssl x509 -noout -subject_hash -in "$authority"; }
# Ends the script if the CA file here does not contain the CA of the cluster: with another CA, calls would fail.
require_authority() {
  local there previous=''
  there=$(issuer_there)
  [ -n "$there" ] || return 0
  if [ -f "$authority" ]; then
    # After a renewal, the file also contains the previous CA.
    previous=$(sed '1,/END CERTIFICATE/d' "$authority")
    [ -z "$previous" ] || previous=$(openssl x509 -noout -subject_hash <<<"$previous")
    [[ $there != "$(issuer_here)" && $there != "$previous" ]] || return 0
  fi
  fail "$certificates does not have the CA of the certificates in the cluster; with another CA, calls would fail." \
    "Copy this folder from where deploy/setup.sh --tls ran before. If it is lost, run this with --no-tls, then with --tls;" \
    "both interrupt calls."
}
if [ "$tls" = yes ]; then
  need npm "https://nodejs.org (Node 18 or later; it makes the certificates)"
  [ "$installed_tls" = no ] || require_authority
fi
host=${host:-pspd.local} rest_host=${rest_host:-pspd-rest.local}
[ "$host" != "$rest_host" ] || fail "--host and --rest-host must be different (got \"$host\")."

if [ "$kind" = other ] && [ -z "$registry" ] && [ "$build" = yes ]; then
  fail "Images cannot be loaded into this cluster: give a registry with --registry HOST/PATH, or --no-build."
fi

minor=$(kube get --raw /version | sed -n 's/.*"minor": *"\([0-9]*\).*/\1/p')
[ "${minor:-30}" -ge 30 ] || fail "Kubernetes 1.30 or later is needed; this is 1.$minor."
if [ -n "$storage_class" ]; then
  kube get storageclass "$storage_class" -o name >/dev/null || fail "Available:" "$(kube get storageclass)"
else
  default='{range .items[*]}{.metadata.annotations.storageclass\.kubernetes\.io/is-default-class}{"\n"}{end}'
  [[ $(kube get storageclass -o "jsonpath=$default") == *true* ]] || fail \
    "The cluster has no default storage class: give one with --storage-class NAME. Available:" "$(kube get storageclass)"
fi
if [ "$kind" = minikube ] && [ "$(kube get nodes -o name | wc -l)" -gt 1 ]; then
  warn "the class \"standard\" of minikube works on its first node only." \
    "With several nodes, use the addon csi-hostpath-driver and --storage-class csi-hostpath-sc."
fi
if [ "$kind" != minikube ] && [ -z "$(kube get apiservice v1beta1.metrics.k8s.io --ignore-not-found -o name)" ]; then
  warn "metrics-server is missing, so the number of pods does not change with the load." \
    "https://github.com/kubernetes-sigs/metrics-server (in kind, it needs the argument --kubelet-insecure-tls)"
fi
if [ "$kind" != minikube ] && [ -z "$(kube get ingressclass -o name)" ]; then
  warn "there is no Ingress controller, so $host will have no address. One for any cluster:" \
    "https://doc.traefik.io/traefik/getting-started/kubernetes" \
    "Also for kind, with the ports 80 and 443 mapped: https://kind.sigs.k8s.io/docs/user/ingress"
fi

version=$(sed -n 's/.*"version": "\(.*\)".*/\1/p' package.json | head -n 1)
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
# With the same build cache, the same code must give the same image: the time is that of the commit, and there are no
# attestations, which contain the time of the build.
created=$(git log -1 --format=%cI 2>/dev/null || echo 1970-01-01T00:00:00Z)
export BUILDX_NO_DEFAULT_ATTESTATIONS=1

# Images are built in the Docker of minikube, so that nothing has to be copied. Without it (containerd, CRI-O), they are
# loaded.
inside=''
image_docker() { (eval "$inside" && docker "$@"); }
# Builds an image, makes it available to the cluster, and sets `tag`. The tag contains the id of the image: changed code
# changes the manifests, which replaces the pods, and unchanged code does not, as long as the build cache has its layers.
build_image() {
  local image=$1 name=${registry:+$registry/}lgtm-lab/$1 id
  step "The image $name"
  image_docker build --target "$image" -t "$name:$version" ${platform:+--platform "$platform"} \
    --build-arg "REVISION=$revision" --build-arg "CREATED=$created" .
  id=$(image_docker image inspect -f '{{.Id}}' "$name:$version")
  tag=$version-${id:7:12}
  image_docker tag "$name:$version" "$name:$tag"
  if [ -n "$registry" ]; then
    docker push "$name:$tag"
  elif [ "$kind" = minikube ]; then
    [ -n "$inside" ] || minikube -p "$cluster" image load "$name:$tag"
  elif [ "$kind" = kind ]; then
    kind load docker-image --name "$cluster" "$name:$tag"
  else
    k3d image import --cluster "$cluster" "$name:$tag"
  fi
}
# Prints the tag of the image of a workload in the cluster.
running_tag() {
  local image
  image=$(kube -n "$1" get "$2" --ignore-not-found -o 'jsonpath={.spec.template.spec.containers[0].image}')
  echo "${image##*:}"
}

if [ "$build" = yes ]; then
  need docker "https://docs.docker.com/get-docker"
  if [ "$kind" = minikube ] && [ -z "$registry" ]; then
    inside=$(minikube -p "$cluster" docker-env --shell bash 2>/dev/null) || inside=''
  fi
  # --platform only if the nodes have another architecture: Docker's old builder does not have the option.
  platform=''
  architectures=$(kube get nodes -o 'jsonpath={range .items[*]}{.status.nodeInfo.architecture}{"\n"}{end}' |
    sort -u | xargs)
  case $architectures in
    *' '*) fail "The nodes have different architectures ($architectures), but this builds images for one only." \
      "Push images for all of them yourself, then give --registry and --tag." ;;
    "$(image_docker version -f '{{.Server.Arch}}')") ;;
    *) platform=linux/$architectures ;;
  esac
  build_image services
  services_tag=$tag
  build_image console
  console_tag=$tag
elif [ -n "$tag" ]; then
  services_tag=$tag console_tag=$tag
else
  services_tag=$(running_tag pspd deployment/gateway)
  console_tag=$(running_tag observability statefulset/console)
fi

# The options become a separate kustomization in .lab; tracked files do not change.
folder=.lab/kubernetes/$overlay
mkdir -p "$folder"
scheme=http
[ "$overlay" = local ] || scheme=https
image() {
  # The overlay production has another name for it.
  for old in "lgtm-lab/$1" "registry.invalid/lgtm-lab/$1"; do
    echo "  - {name: $old, newName: ${registry:+$registry/}lgtm-lab/$1, newTag: \"$2\"}"
  done
}
# A patch in JSON adds or replaces values: `patch TARGET PATH VALUE...`.
patch() {
  printf "  - target: %s\n    patch: |-\n" "$1"
  shift
  while [ $# -gt 0 ]; do
    printf '      - {op: add, path: %s, value: %s}\n' "$1" "$2"
    shift 2
  done
}
{
  echo "# Written by deploy/setup.sh."
  echo "apiVersion: kustomize.config.k8s.io/v1beta1"
  echo "kind: Kustomization"
  echo "resources: [../../../deploy/kubernetes/overlays/$overlay]"
  echo "images:"
  image services "${services_tag:-$version}"
  image console "${console_tag:-$version}"
  if [ "$tls" = yes ]; then
    echo "components:"
    echo "  - ../../../deploy/kubernetes/components/tls"
    if [ "$overlay" = production ]; then
      # This overlay has the component `balancing`.
      echo "  - ../../../deploy/kubernetes/components/tls/balancing"
    else
      echo "  - ../../../deploy/kubernetes/components/tls/faults"
    fi
  fi
  echo "patches:"
  patch '{kind: Ingress}' /spec/rules/0/host "\"$host\"" /spec/rules/1/host "\"$rest_host\""
  cat <<TEXT
  - patch: |-
      apiVersion: apps/v1
      kind: StatefulSet
      metadata: {name: console, namespace: observability}
      spec:
        template:
          spec:
            containers:
              - name: console
                env:
                  - {name: GATEWAY_PUBLIC_URL, value: "$scheme://$host"}
                  - {name: GATEWAY_REST_PUBLIC_URL, value: "$scheme://$rest_host"}
TEXT
  [ "$overlay" = local ] ||
    patch '{kind: Ingress}' /spec/tls/0/hosts "[\"$host\"]" /spec/tls/1/hosts "[\"$rest_host\"]"
  [ -z "$cluster_issuer" ] ||
    patch '{kind: Ingress}' /metadata/annotations/cert-manager.io~1cluster-issuer "\"$cluster_issuer\""
  [ -z "$ingress_class" ] || patch '{kind: Ingress}' /spec/ingressClassName "\"$ingress_class\""
  # The first rule of these policies lists the Ingress controllers.
  behind='{kind: NetworkPolicy, name: gateway|gateway-rest|acme-solver}' peers=/spec/ingress/0/from/-
  [ -z "$ingress_namespace" ] ||
    patch "$behind" $peers "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: \"$ingress_namespace\"}}}"
  [ -z "$ingress_cidr" ] || patch "$behind" $peers "{ipBlock: {cidr: \"$ingress_cidr\"}}"
  [ -z "$storage_class" ] ||
    patch '{kind: StatefulSet}' /spec/volumeClaimTemplates/0/spec/storageClassName "\"$storage_class\""
  if [ -n "$registry" ]; then
    # Images that were pushed are pulled, also in the overlay local.
    for target in '{kind: Deployment}' '{kind: StatefulSet, name: console}'; do
      patch "$target" /spec/template/spec/containers/0/imagePullPolicy IfNotPresent
    done
  fi
  if [ -n "$pull_secret" ]; then
    for target in '{kind: ServiceAccount, namespace: pspd}' '{kind: ServiceAccount, name: console}'; do
      patch "$target" /imagePullSecrets "[{name: \"$pull_secret\"}]"
    done
  fi
} >"$folder/kustomization.yaml"
# The configuration files are outside the folders of the manifests.
kube kustomize --load-restrictor LoadRestrictionsNone "$folder" >"$folder/manifests.yaml"

step "The manifests, checked by the API server"
kube get namespace pspd observability node-exporter >/dev/null 2>&1 ||
  kube apply -f deploy/kubernetes/base/namespaces.yaml
for namespace in ${pull_secret:+pspd observability}; do
  kube -n "$namespace" get secret "$pull_secret" -o name >/dev/null || fail "Create it with" \
    "  kubectl --context $context -n $namespace create secret docker-registry $pull_secret --docker-server=... \\" \
    "    --docker-username=... --docker-password=..."
done
# Earlier versions created StatefulSets with OrderedReady, which cannot be changed. They are replaced below.
old=$(kube -n observability get statefulset -l app.kubernetes.io/part-of=lgtm-lab \
  -o 'jsonpath={range .items[?(@.spec.podManagementPolicy=="OrderedReady")]}statefulset/{.metadata.name} {end}')
read -ra old <<<"$old"
policy=Parallel
[ ${#old[@]} -eq 0 ] || policy=OrderedReady
sed "s/podManagementPolicy: .*/podManagementPolicy: $policy/" "$folder/manifests.yaml" |
  kube apply --dry-run=server -f - >/dev/null || fail \
  "The API server rejects this (see above). No workload and no setting was changed; images may have been pushed, and" \
  "the namespaces created." \
  "If it rejects StatefulSets: the storage class cannot be changed, and this script does not change sizes of claims." \
  "Give the --storage-class with which they were created (kubectl get pvc -A). For sizes, see" \
  "docs/kubernetes.md#sizes-of-claims. Or first remove everything with deploy/teardown.sh."
options=''
for option in "${remembered[@]}"; do
  variable=${option//-/_}
  [ -z "${!variable}" ] || options+="--$option ${!variable} "
done
[ "$tls" = no ] || options+="--tls "
[[ -z $registry || $build == yes ]] || options+="--no-build "
kube annotate --overwrite namespace pspd "lgtm-lab/options=${options% }"

step "Secrets"
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
  # By server-side apply: the object is not stored a second time in an annotation.
  create() { kube -n "$1" create "${@:2}" --dry-run=client -o yaml | kube apply --server-side --force-conflicts -f -; }
  tls_services=(gateway gateway-rest service-a service-b)
  tls_backends=(otelcol loki)
  tls_owners=("${tls_services[@]/#/pspd:}" "${tls_backends[@]/#/observability:}")
  create_authority() {
    for namespace in pspd observability; do
      create "$namespace" configmap services-ca --from-file="ca.crt=$authority"
    done
  }
  there=$(issuer_there)
  if [[ $installed_tls == yes && -n $there && $there != "$(issuer_here)" ]]; then
    require_authority
    echo "The CA is new. Before it issues certificates, all pods must trust it; this takes a few minutes."
    ca=$(openssl base64 -A -in "$authority")
    for owner in "${tls_owners[@]}"; do
      # Earlier versions created no Secrets for the collector and Loki.
      existing=$(kube -n "${owner%:*}" get secret "${owner#*:}-tls" --ignore-not-found -o name)
      [ -z "$existing" ] ||
        kube -n "${owner%:*}" patch "$existing" --type merge -p "{\"data\": {\"ca.crt\": \"$ca\"}}"
    done
    create_authority
    # They read it only at their start.
    readers=(pspd:deployment/traffic observability:statefulset/{console,grafana,otelcol,prometheus})
    for workload in "${readers[@]}"; do kube -n "${workload%:*}" rollout restart "${workload#*:}"; done
    for workload in "${readers[@]}"; do
      kube -n "${workload%:*}" rollout status "${workload#*:}" --timeout "${timeout}s"
    done
    # A kubelet updates mounted Secrets within about two minutes.
    deadline=$((SECONDS + 240))
    trusts() { kube -n pspd exec "$1" -- cat /run/secrets/tls/ca.crt 2>/dev/null | cmp -s - "$authority"; }
    gone() {
      local found
      found=$(kube -n pspd get "$1" --ignore-not-found -o name) && [ -z "$found" ]
    }
    pods=$(kube -n pspd get pods --field-selector status.phase=Running \
      -l "app.kubernetes.io/name in ($(IFS=,; echo "${tls_services[*]}"))" -o name)
    for pod in $pods; do
      until trusts "$pod" || gone "$pod"; do
        [ $SECONDS -lt $deadline ] || fail "$pod has not received the new CA within four minutes." \
          "Fix: see kubectl --context $context -n pspd describe $pod, and run this command again."
        sleep 2
      done
    done
    # The services read a changed file within a second.
    sleep 2
  fi
  for owner in "${tls_owners[@]}"; do
    name=${owner#*:}
    files=("tls.crt=$certificates/$name.pem" "tls.key=$certificates/$name-key.pem" "ca.crt=$authority")
    if [ "$overlay:$name" = local:service-a ]; then
      # For the fault `expired-cert`.
      files+=("expired.crt=$certificates/$name-expired.pem" "expired.key=$certificates/$name-expired-key.pem")
    fi
    create "${owner%:*}" secret generic "$name-tls" "${files[@]/#/--from-file=}"
  done
  create_authority
fi

if [ "$kind" = minikube ]; then
  step "Addons of minikube"
  for addon in ingress metrics-server; do
    minikube -p "$cluster" addons enable "$addon"
  done
  kube -n ingress-nginx rollout status deployment/ingress-nginx-controller --timeout "${timeout}s"
fi

step "The manifests"
# The pods keep running; the new StatefulSets adopt them.
[ ${#old[@]} -eq 0 ] || kube -n observability delete "${old[@]}" --cascade=orphan
kube apply -f "$folder/manifests.yaml"

step "Waiting until everything is ready, at most $timeout s"
deadline=$((SECONDS + timeout))
left() { echo $((deadline > SECONDS ? deadline - SECONDS : 1)); }
for namespace in observability pspd; do
  for workload in $(kube -n "$namespace" get statefulset,deployment -o name); do
    if ! kube -n "$namespace" rollout status "$workload" --timeout "$(left)s"; then
      kube -n "$namespace" get pods >&2
      fail "" "$workload in $namespace is not ready. Its events:" \
        "$(kube -n "$namespace" get events --sort-by .lastTimestamp | tail -n 15)" \
        "See docs/kubernetes-operation.md, then run this again."
    fi
  done
done
# It cannot become ready on a node that is not ready, and nothing depends on it. Its image was pulled meanwhile.
kube -n node-exporter rollout status daemonset --timeout 60s ||
  warn "node_exporter does not run on every node, so the metrics of the others are missing:" \
    "$(kube -n node-exporter get pods -o wide)"

step "The Ingress"
# Prints the status code of a request to the gateway through an address of the Ingress controller.
request() {
  local port=80 address=$1
  [ "$scheme" = http ] || port=443
  [[ $address != *:* ]] || address="[$address]" # IPv6
  curl --noproxy '*' -ks -o /dev/null -w '%{http_code}' --max-time 5 --connect-to "$host:$port:$address:$port" \
    "$scheme://$host/a/hello" || true
}
status='{{with .status.loadBalancer.ingress}}{{with index . 0}}{{or .ip .hostname}}{{end}}{{end}}'
# Prints the possible addresses of the Ingress controller.
addresses() {
  local given
  given=$(kube -n pspd get ingress gateways -o "go-template=$status")
  case $kind in
    minikube) echo "$(minikube -p "$cluster" ip) 127.0.0.1" ;;
    # Ports that the cluster publishes on this machine.
    kind | k3d) echo "$given 127.0.0.1" ;;
    *) echo "$given" ;;
  esac
}
code=''
deadline=$((SECONDS + 20))
while has curl && [ "$code" != 200 ] && [ $SECONDS -lt $deadline ]; do
  for address in $(addresses); do
    code=$(request "$address")
    [ "$code" != 200 ] || break
  done
  [ "$code" = 200 ] || sleep 1
done
if [ "$code" = 200 ]; then
  echo "The gateway responds through the Ingress at $address."
else
  read -r address _ <<<"$(addresses)"
  ! has curl || warn "the gateway does not respond through the Ingress." \
    "Its address: ${address:-none}; the status code of the response: ${code:-none}. See docs/kubernetes-operation.md."
fi
[ "$address" != localhost ] || address=127.0.0.1
if [ "$overlay" = production ]; then
  deadline=$SECONDS
  # cert-manager creates the Secrets when the issuer has answered.
  [ -z "$cluster_issuer" ] || deadline=$((SECONDS + 120))
  for secret in pspd-tls pspd-rest-tls; do
    until kube -n pspd get secret "$secret" -o name >/dev/null 2>&1; do
      if [ $SECONDS -lt $deadline ]; then
        sleep 2
      elif [ -n "$cluster_issuer" ]; then
        warn "cert-manager has not created the Secret $secret, so TLS has no valid certificate. The reason:" \
          "kubectl --context $context -n pspd describe certificate,challenge"
        break
      else
        warn "the Secret $secret is missing, so TLS has no valid certificate. Give --cluster-issuer, or" \
          "kubectl --context $context -n pspd create secret tls $secret --cert=FILE --key=FILE"
        break
      fi
    done
  done
fi

step "Ready"
cat <<TEXT
The gateways:
  $scheme://$host/a/hello?name=Ana    $scheme://$rest_host/a/hello?name=Ana
TEXT
shown=${address:-<address of the Ingress controller>}
if [[ $overlay == production || $address == *[g-z]* ]]; then
  printf 'The DNS records, of type A or CNAME:\n  %s, %s: %s\n' "$host" "$rest_host" "$shown"
else
  printf 'The line for /etc/hosts:\n  %s %s %s\n' "$shown" "$host" "$rest_host"
fi
cat <<TEXT
The console (http://127.0.0.1:8000) and Grafana (http://127.0.0.1:3000) are reachable while these run:
  kubectl --context $context -n observability port-forward service/console 8000
  kubectl --context $context -n observability port-forward service/grafana 3000
The password of Grafana's admin:
  kubectl --context $context -n observability get secret grafana-admin -o 'go-template={{.data.password | base64decode}}'
TEXT
[ "$overlay" != local ] || echo "Set a fault, such as slow-b: npx lab break slow-b --context $context"
echo "Remove everything: deploy/teardown.sh --context $context"
