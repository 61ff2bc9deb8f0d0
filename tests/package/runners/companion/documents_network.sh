#!/bin/sh
# Runs a command in a network of its own, with a second host in it: 11.0.0.2 has the name client.example. The first argument is a
# folder, the second the program that is the host; the rest is the command. Needs `unshare --user --map-root-user --net --mount`.
set -eu
folder=$1
host=$2
shift 2

cat > "$folder/hosts" <<'END'
127.0.0.1 localhost
11.0.0.2 client.example
11.0.0.1 own.example
10.0.0.2 private.example
11.0.0.2 mixed.example
127.0.0.1 mixed.example
11.0.0.3 silent.example
END
mount --bind "$folder/hosts" /etc/hosts

unshare --net sh -c 'exec sleep 100000' &
peer=$!
trap 'kill $peer $server 2> /dev/null || true' EXIT
server=
while [ "$(readlink /proc/$peer/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
ip link set lo up
ip link add outside type veth peer name inside netns "$peer"
ip addr add 11.0.0.1/24 dev outside
ip link set outside up
nsenter --target "$peer" --net sh -c 'ip addr add 11.0.0.2/24 dev inside && ip link set inside up && ip link set lo up'
nsenter --target "$peer" --net "$host" "$folder/documents_host.mjs" "$folder" &
server=$!
while [ ! -e "$folder/host-listens" ]; do sleep 0.05; done
"$@"
