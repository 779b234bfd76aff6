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
    -h | --help) echo "Usage: deploy/teardown.sh [--context NAME] [--yes]" && exit 0 ;;
    *) fail "Unknown option: $1" "Usage: deploy/teardown.sh [--context NAME] [--yes]" ;;
  esac
  shift
done
command -v kubectl >/dev/null || fail "kubectl is needed: https://kubernetes.io/docs/tasks/tools"
if [ -z "$context" ]; then
  context=$(kubectl config current-context 2>/dev/null) || fail "kubectl has no current context."
fi
kube() { kubectl --context "$context" "$@"; }

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
  [ -t 0 ] || fail "This deletes the namespaces ${names[*]} of $context with all stored data. To do so, give --yes."
  read -r -p "Delete the namespaces ${names[*]} of $context with all stored data? [y/N] " answer
  [[ $answer =~ ^[Yy]([Ee][Ss])?$ ]] || fail "Nothing was deleted."
fi
kube delete namespace "${names[@]}" --ignore-not-found --timeout "${timeout}s"
# Volumes of the class "Retain" are kept by the cluster.
kept=$(kube get persistentvolume -o 'go-template={{range .items}}{{with .spec.claimRef}}{{.namespace}}{{end}} {{.metadata.name}}{{"\n"}}{{end}}' |
  grep -E '^(pspd|observability) ' || true)
[ -z "$kept" ] || printf 'These volumes remain, because their class keeps them:\n%s\n' "$kept"
echo "Removed from $context: ${names[*]}"
