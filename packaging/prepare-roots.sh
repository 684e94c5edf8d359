#!/bin/sh
# Fetches what test/packaging.peers.test.ts needs from elsewhere, once: a clean Debian, one with Debian's npm, and npm's cache. Run by
# `npm run test:peers` (scripts/setup); the test itself has no network.
#
#   sh packaging/prepare-roots.sh DIRECTORY
set -eu
to=${1:?say where: sh packaging/prepare-roots.sh DIRECTORY}
cd "$(dirname "$0")/.."
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
mkdir -p "$to"

# Made aside and renamed: one that was interrupted is not taken for one that is whole.
if [ ! -d "$to/plain" ]; then
  rm -rf "$to/plain.new"
  debootstrap --variant=minbase --include=libnftables1,libstdc++6,runc,systemd,iproute2 bookworm "$to/plain.new" "$mirror" >&2
  rm -rf "$to/plain.new/var/cache/apt/archives" "$to/plain.new/var/lib/apt/lists"
  mkdir -p "$to/plain.new/var/cache/apt/archives/partial" "$to/plain.new/var/lib/apt/lists/partial"
  mv "$to/plain.new" "$to/plain"
fi
if [ ! -d "$to/npm" ]; then
  rm -rf "$to/npm.new"
  cp -a "$to/plain" "$to/npm.new"
  cp /etc/resolv.conf "$to/npm.new/etc/resolv.conf"
  DEBIAN_FRONTEND=noninteractive chroot "$to/npm.new" sh -ec \
    'apt-get -qq update; apt-get -qq install -y --no-install-recommends npm; apt-get clean; rm -rf /var/lib/apt/lists/*' >&2
  mv "$to/npm.new" "$to/npm"
fi
if ! cmp -s package-lock.json "$to/package-lock.json"; then
  npm_config_cache=$to/npm-cache sh packaging/build-deb.sh "$to/warm" >&2
  npm_config_cache=$to/npm-cache sh packaging/build-tarballs.sh "$to/npm/packages" >&2
  # Debian's npm has a cache of its own kind, in its root.
  bundle=/etc/ssl/certs/ca-certificates.crt
  cp "$bundle" "$to/npm$bundle"
  cp /etc/resolv.conf "$to/npm/etc/resolv.conf"
  NODE_EXTRA_CA_CERTS=$bundle chroot "$to/npm" sh -ec \
    'npm install -g --prefix /tmp/warm --ignore-scripts --no-audit --no-fund --cache /npm-cache /packages/*.tgz; rm -rf /tmp/warm /packages' >&2
  rm -rf "$to/warm"
  cp package-lock.json "$to/package-lock.json"
fi
