#!/usr/bin/env bash
# Runs a program in the file system of a mounted image: as the given user, with a read-only root, a /tmp in memory, and
# the environment of this process. Its process id is that of this script, so a signal reaches the program itself.
#
#   enter.sh ROOT USER PROGRAM [ARGUMENT…]
#
# `buildah run` cannot make the root read-only, and passes no signal on. Needs root.
set -euo pipefail

if [ "${ENTERED:-}" = "" ]; then
  ENTERED=1 exec unshare --mount --propagation private "$0" "$@"
fi
unset ENTERED
root="$1" user="$2"
shift 2
mount --bind "$root" "$root"
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -o remount,bind,ro "$root"
exec chroot --userspec="$user:$user" "$root" "$@"
