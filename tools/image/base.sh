#!/usr/bin/env bash
# Makes an image with the name of the Dockerfile's base image, for a machine that cannot pull it: a minimal Debian,
# Node and npm, and the user `node`. It is larger than the public one, and good for a check only.
#
#   tools/image/base.sh docker.io/library/node:24-bookworm-slim
#
# Needs root, debootstrap, buildah, and npm with access to a registry.
set -euo pipefail

name="$1"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
root="$folder/root"

debootstrap --variant=minbase bookworm "$root" > "$folder/debootstrap.log" ||
  { tail -5 "$folder/debootstrap.log" >&2; exit 1; }
npm install --silent --no-save --prefix "$folder/npm" node@24 npm@11
cp "$folder/npm/node_modules/node/bin/node" "$root/usr/local/bin/node"
mkdir -p "$root/usr/local/lib/node_modules" "$root/usr/local/etc"
cp -r "$folder/npm/node_modules/npm" "$root/usr/local/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
chroot "$root" useradd --uid 1000 --user-group --create-home node

# A proxy of this machine may sign the registry's certificate with an authority of its own.
cp /etc/ssl/certs/ca-certificates.crt "$root/usr/local/etc/machine-ca.crt"
echo 'cafile=/usr/local/etc/machine-ca.crt' > "$root/usr/local/etc/npmrc"

container="$(buildah from scratch)"
trap 'rm -rf "$folder"; buildah rm "$container" > /dev/null' EXIT
buildah add --quiet "$container" "$root" / > /dev/null
buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
buildah commit --quiet "$container" "$name" > /dev/null
