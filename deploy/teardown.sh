#!/usr/bin/env bash
# Removes what deploy/setup.sh installed: the three namespaces with everything in them, also the stored data. It can be run
# again at any time. The images stay in the cluster or the registry.
set -euo pipefail

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

context='' ask=yes timeout=300
while [ $# -gt 0 ]; do
  case $1 in
    --context)
      [ $# -gt 1 ] || fail "$1 needs a value."
      context=$2
      shift
      ;;
    --yes) ask=no ;;
    -h | --help) echo "Usage: deploy/teardown.sh [--context NAME [--yes]]" && exit 0 ;;
    *) fail "Unknown option: $1" "Usage: deploy/teardown.sh [--context NAME [--yes]]" ;;
  esac
  shift
done
command -v kubectl >/dev/null || fail "kubectl is needed: https://kubernetes.io/docs/tasks/tools"
given=$context
if [ -z "$context" ]; then
  context=$(kubectl config current-context 2>/dev/null) || fail "kubectl has no current context."
fi
kube() { kubectl --context "$context" "$@"; }
server=$(kube config view --minify -o 'jsonpath={.clusters[0].cluster.server}')
# Also for a context such as `kind-prod`: its name does not prove that the cluster is on this machine.
[ "$ask" = yes ] || [ -n "$given" ] || fail "With --yes, name the cluster too: --context $context ($server)"

# Only namespaces with our label: another project may have one with such a name.
names=()
for name in pspd observability node-exporter; do
  part_of=$(kube get namespace "$name" --ignore-not-found -o 'jsonpath={.metadata.labels.app\.kubernetes\.io/part-of}')
  [ "$part_of" != lgtm-lab ] || names+=("$name")
done
if [ ${#names[@]} -eq 0 ]; then
  echo "Nothing of lgtm-lab is installed in $context."
  exit 0
fi
if [ "$ask" = yes ]; then
  echo "context $context, $server"
  options=$(kube get namespace pspd --ignore-not-found -o 'jsonpath={.metadata.annotations.lgtm-lab/options}')
  [ -z "$options" ] || echo "installed with $options"
  [ -t 0 ] || fail "This deletes the namespaces ${names[*]} with all stored data. To do so, give" \
    "--yes --context $context"
  read -r -p "Delete the namespaces ${names[*]} with all stored data? [y/N] " answer || answer=''
  [[ $answer =~ ^[Yy]([Ee][Ss])?$ ]] || fail "Nothing was deleted."
fi
kube delete namespace "${names[@]}" --ignore-not-found --timeout "${timeout}s"
# The provisioner removes the other volumes a little later.
kept=$(kube get persistentvolume -o 'go-template={{range .items}}{{if eq .spec.persistentVolumeReclaimPolicy "Retain"}}{{with .spec.claimRef}}{{.namespace}}{{end}} {{.metadata.name}}{{"\n"}}{{end}}{{end}}' |
  grep -E "^($(IFS='|' && echo "${names[*]}")) " || true)
[ -z "$kept" ] || printf 'These volumes remain, because their class keeps them:\n%s\n' "$kept"
echo "Removed from $context: ${names[*]}"
