#!/bin/sh
# Makes the tarballs that npm installs, one a package, in the order in which they need one another.
#
#   sh packaging/build-tarballs.sh DIRECTORY     npm install -g DIRECTORY/*.tgz
set -eu
to=${1:?say where: sh packaging/build-tarballs.sh DIRECTORY}
mkdir -p "$to"
to=$(cd "$to" && pwd)
cd "$(dirname "$0")/.."
npm run --silent build
for name in kernel plugin-sdk libnetwork daemon cli; do
  npm pack --silent --ignore-scripts --pack-destination "$to" "./packages/$name/dist"
done
