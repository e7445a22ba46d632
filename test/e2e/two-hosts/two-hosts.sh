#!/bin/sh
# Two hosts on one cable, as network namespaces: the command runs on 10.99.0.1; OTHER_HOST is a process on 10.99.0.2, whose end is called far.
# Usage: unshare -rn sh two-hosts.sh COMMAND…
set -e
unshare -n sleep 120 &
other=$!
trap 'kill $other' EXIT
# Until it is in a namespace of its own.
until [ "$(readlink /proc/$other/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do sleep 0.02; done
there() { nsenter -t "$other" -n "$@"; }
ip link set lo up
ip link add near type veth peer name far
ip link set far netns "$other"
ip addr add 10.99.0.1/24 dev near
ip link set near up
there ip addr add 10.99.0.2/24 dev far
there ip link set lo up
there ip link set far up
there ip route add 224.0.0.0/4 dev far
OTHER_HOST=$other "$@"
