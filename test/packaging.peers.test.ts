// What is packaged, on a Debian that has nothing of ours: installed, started, used, and taken away again.
//
// Each test has the clean root under an overlay, in mount, process and network namespaces of its own, which end with it: nothing is left.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { needsPeer } from "./support/peers.ts";

const root = join(import.meta.dirname, "..");
const prepared = process.env.CAUSEWAY_PACKAGING ?? "/var/tmp/causeway-packaging";
/** npm asks nobody: packaging/prepare-roots.sh has filled its cache. */
const offline = {
  npm_config_cache: join(prepared, "npm-cache"),
  npm_config_offline: "true",
  // npm leaves one in the directory of temporary files.
  NODE_DISABLE_COMPILE_CACHE: "1",
};

interface Outcome {
  readonly status: number | null;
  readonly text: string;
}

function run(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const child = spawn(program, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
  }
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => resolve({ status, text }));
  });
}

/** Lays an overlay over a prepared root, with what was built at /packages, and goes in. */
const enter = `
mount -t tmpfs causeway "$3"
mkdir "$3/up" "$3/work" "$3/root"
mount -t overlay -o "lowerdir=$1,upperdir=$3/up,workdir=$3/work" causeway "$3/root"
cd "$3/root"
mkdir -p packages
mount --bind "$2" packages
mount -t proc proc proc
mount -t sysfs sysfs sys
mount --rbind /sys/fs/cgroup sys/fs/cgroup
mount --rbind /dev dev
mount -t tmpfs tmpfs run
ip link set lo up
exec chroot . /bin/sh -euc "$4"
`;

/** Starts the daemon, waits for its answer, uses it, ends it. */
const use = `
causeway daemon --log-format text >/tmp/log 2>&1 &
daemon=$!
tries=0
until causeway network ls >/tmp/ls 2>&1; do
  tries=$((tries + 1)); [ $tries -lt 300 ] || { cat /tmp/log /tmp/ls; exit 1; }
  sleep 0.1
done
causeway network create --subnet 10.9.0.0/24 made
causeway network ls
ip -brief address show to 10.9.0.1
causeway network rm made
kill $daemon
wait $daemon
echo "ended with $?"
`;

describe("what is packaged", { skip: needsPeer("debootstrap", "npm", "dpkg-deb") }, () => {
  const directory = mkdtempSync(join(tmpdir(), "causeway-packages-"));
  const packages = join(directory, "packages");
  after(() => rmSync(directory, { recursive: true }));

  before(async () => {
    for (const kind of ["tarballs", "deb"]) {
      const built = await run("sh", [`packaging/build-${kind}.sh`, packages], offline);
      assert.equal(built.status, 0, built.text);
    }
  });

  function inside(base: "plain" | "npm", script: string): Promise<Outcome> {
    const place = mkdtempSync(join(directory, "root-"));
    const how = [
      "--mount",
      "--pid",
      "--net",
      "--ipc",
      "--uts",
      "--fork",
      "--kill-child",
      "--propagation",
      "private",
    ];
    const names = [join(prepared, base), packages, place];
    return run("unshare", [...how, "sh", "-euc", enter, "sh", ...names, script]);
  }

  it("is five tarballs without install scripts, of JavaScript and declarations", async () => {
    const tarballs = readdirSync(packages).filter((name) => name.endsWith(".tgz"));
    assert.deepEqual(tarballs.sort(), [
      "causeway-0.1.0.tgz",
      "causeway-daemon-0.1.0.tgz",
      "causeway-kernel-0.1.0.tgz",
      "causeway-libnetwork-0.1.0.tgz",
      "causeway-plugin-sdk-0.1.0.tgz",
    ]);
    for (const tarball of tarballs) {
      const { text } = await run("tar", ["-tzf", join(packages, tarball)]);
      assert.doesNotMatch(text, /(?<!\.d)\.ts$|test/m, tarball);
      const manifest = await run("tar", ["-xzOf", join(packages, tarball), "package/package.json"]);
      assert.doesNotMatch(manifest.text, /"scripts"|workspace:|file:/, tarball);
    }
  });

  it("is a .deb that installs, works and goes without a trace", async () => {
    const { status, text } = await inside(
      "plain",
      `
find / -xdev -path /proc -prune -o -path /tmp -prune -o -path /packages -prune -o -path /var/lib/dpkg -prune -o -print | sort >/tmp/before
dpkg -i /packages/causeway_*.deb
causeway --version
getent group causeway
systemd-analyze verify causeway.service
causeway daemon --validate | head -n 1
${use}
stat -c '%a %G' /run/causeway
dpkg --purge causeway
find / -xdev -path /proc -prune -o -path /tmp -prune -o -path /packages -prune -o -path /var/lib/dpkg -prune -o -print | sort >/tmp/after
diff /tmp/before /tmp/after | grep -vE '/var/log/|/etc/(group|gshadow|passwd|shadow)-?$|^[0-9]' || true
getent group causeway || echo "no group is left"
`,
    );
    assert.equal(status, 0, text);
    assert.match(text, /^causeway:x:\d+:$/m);
    assert.match(text, /made +bridge/);
    assert.match(text, /^br-\w+ +[A-Z]+ .*\b10\.9\.0\.1\/24/m);
    assert.match(text, /ended with 0/);
    assert.match(text, /no group is left/);
    assert.doesNotMatch(text, /^[<>] /m, text);
  });

  it("is enabled anew where it comes back after it was removed, unless somebody had disabled it", async () => {
    // systemctl does what it does with links; what it would tell systemd, of which there is none, is told to us.
    const { status, text } = await inside(
      "plain",
      `
cat >/usr/local/bin/systemctl <<'END'
#!/bin/sh
case "$*" in
  daemon-reload) ;;
  "enable --now "*) echo "systemd: start"; exec /usr/bin/systemctl enable "$3" ;;
  "disable --now "*) echo "systemd: stop"; exec /usr/bin/systemctl disable "$3" ;;
  *start*|stop*) echo "systemd: $1" ;;
  *) exec /usr/bin/systemctl "$@" ;;
esac
END
chmod +x /usr/local/bin/systemctl
is() { echo "$1: $(systemctl is-enabled causeway.service 2>&1 || true)"; }
mkdir -p /run/systemd/system
export SYSTEMD_OFFLINE=1
dpkg -i /packages/causeway_*.deb; is installed
dpkg --remove causeway
dpkg -i /packages/causeway_*.deb; is "there again"
dpkg -i /packages/causeway_*.deb; is upgraded
systemctl disable causeway.service
dpkg -i /packages/causeway_*.deb; is "upgraded as disabled"
dpkg --remove causeway
dpkg -i /packages/causeway_*.deb; is "there again as disabled"
systemctl enable causeway.service
dpkg --purge causeway
find /etc/systemd -name 'causeway*'
`,
    );
    assert.equal(status, 0, text);
    const said = text.split("\n").filter((line) => /^systemd: |: (en|dis)abled$|^\/etc/.test(line));
    assert.deepEqual(
      said,
      [
        ...["systemd: start", "installed: enabled"],
        ...["systemd: stop", "systemd: restart", "there again: enabled"],
        ...["systemd: restart", "upgraded: enabled"],
        ...["systemd: try-restart", "upgraded as disabled: disabled"],
        ...["systemd: stop", "systemd: try-restart", "there again as disabled: disabled"],
        "systemd: stop",
      ],
      text,
    );
  });

  it("is installed by Debian's own npm, and works with the Node.js that it brings", async () => {
    const { status, text } = await inside(
      "npm",
      `
node --version
npm install -g --ignore-scripts --no-audit --no-fund --cache /npm-cache --offline /packages/*.tgz
causeway --version
${use}
`,
    );
    assert.equal(status, 0, text);
    assert.match(text, /^v18\./m);
    assert.match(text, /made +bridge/);
    assert.match(text, /ended with 0/);
  });
});
