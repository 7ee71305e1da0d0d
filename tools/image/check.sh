#!/usr/bin/env bash
# Builds the image from this checkout and runs it: `migrate`, a worker and commands collect 2,000 documents from the
# simulator, as the image's user, on a read-only file system. Prints one line of JSON; ends with 0 if all is well.
#
#   tools/image/check.sh
#
# It needs no engine, but Debian's packages buildah and debootstrap, root, and `npm ci`. See CONTRIBUTING.md.
set -euo pipefail
cd "$(dirname "$0")/../.."

export STORAGE_DRIVER="${STORAGE_DRIVER:-vfs}" BUILDAH_ISOLATION="${BUILDAH_ISOLATION:-chroot}"
export PATH="$PWD/node_modules/.bin:$PATH"
base="$(sed -n 's/^FROM \([^ ]*\) AS build$/\1/p' Dockerfile)"
image=localhost/legisync:check

[ -n "$(buildah images --quiet "$base" 2> /dev/null)" ] || tools/image/base.sh "$base"
secrets=()
if [ -f "$HOME/.npmrc" ]; then secrets=(--secret "id=npmrc,src=$HOME/.npmrc"); fi
buildah bud --quiet --pull-never --format docker --tag "$image" "${secrets[@]}" . > /dev/null

container="$(buildah from --pull-never "$image")"
trap 'buildah umount "$container" > /dev/null; buildah rm "$container" > /dev/null' EXIT
root="$(buildah mount "$container")"
buildah inspect --type image "$image" | node tools/image/run.ts "$root"
