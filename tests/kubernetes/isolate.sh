#!/bin/bash
# Runs a command as the node of a cluster: `isolate.sh <folder> <command…>`, as process 1 of new mount, network and process
# namespaces (run.ts). Everything that the cluster mounts, every interface and rule, and every process ends with it.
set -euo pipefail
if [ $$ != 1 ]; then
  echo "It must run as process 1 of new namespaces: npm run test:kubernetes" >&2
  exit 2
fi
folder=$1
shift
# Pods see the mounts of their node (`mountPropagation`), but this machine does not.
mount --make-rshared /
# The programs of Kubernetes have fixed paths below these.
for name in lib log; do
  mkdir -p "$folder/$name"
  mount --bind "$folder/$name" "/var/$name"
done
mount -t tmpfs tmpfs /run
# Tests add the hosts of the Ingress.
cp /etc/hosts "$folder/hosts"
mount --bind "$folder/hosts" /etc/hosts
# The kubelet sets these for the whole machine, so it gets copies.
mkdir -p "$folder/sysctl"
for name in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys kernel/keys/root_maxbytes; do
  copy=$folder/sysctl/${name//\//.}
  cat "/proc/sys/$name" >"$copy"
  mount --bind "$copy" "/proc/sys/$name"
done
# The address of the node, which must not be loopback.
ip link set lo up
ip link add node type veth peer name node-peer
ip address add 10.250.0.1/24 dev node
for name in node node-peer; do ip link set "$name" up; done
# A Service is sent to one of its pods only after a route for its address was found.
ip route add 10.96.0.0/16 dev node
echo 1 >/proc/sys/net/ipv4/ip_forward
# Not by `exec`: this shell stays process 1, and waits for processes that have lost their parent.
"$@"
exit $?
