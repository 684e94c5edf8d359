// The unit for systemd: what systemd says of it, and that the daemon can do its work with the capabilities that it leaves.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { askSocket } from "./support/daemon.ts";
import { DaemonProcess } from "./support/daemon-process.ts";
import { eventually } from "./support/eventually.ts";
import { needsPeer } from "./support/peers.ts";
import { makeRootDirectory } from "./support/root-directory.ts";

const root = join(import.meta.dirname, "..");
const unit = join(root, "packaging/causeway.service");

/** Exposure in tenths, by `systemd-analyze security` of systemd 252: 7.4 (a unit that says nothing has 9.6). It may only fall. */
const mostExposure = 75;

function capabilities(): readonly string[] {
  const lines = readFileSync(unit, "utf8").matchAll(/^CapabilityBoundingSet=(.*)$/gm);
  return [...lines]
    .flatMap(([, names = ""]) => names.split(" "))
    .map((name) => name.replace("CAP_", "").toLowerCase());
}

describe("causeway.service", { skip: needsPeer("systemd-analyze", "setpriv", "runc", "busybox") }, () => {
  const directory = mkdtempSync(join(tmpdir(), "causeway-unit-"));
  after(() => rmSync(directory, { recursive: true }));

  /** The unit as it would be where the program is installed. */
  function copy(name: string, change: (text: string) => string = (text) => text): string {
    const path = join(directory, name);
    const text = readFileSync(unit, "utf8").replace(
      "/usr/bin/causeway",
      join(root, "packages/cli/bin/causeway"),
    );
    writeFileSync(path, change(text));
    return path;
  }

  const analyze = (...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync("systemd-analyze", [...args], { encoding: "utf8" });
    return { status, text: stdout + stderr };
  };

  it("is a unit that systemd takes without a word; one with a slip is not", () => {
    assert.deepEqual(analyze("verify", copy("causeway.service")), { status: 0, text: "" });
    const wrong = copy("wrong.service", (text) => text.replace("KillMode=", "KillMod="));
    assert.match(analyze("verify", wrong).text, /KillMod/);
  });

  it("is exposed as little as is known; without its restrictions it is not", () => {
    const judge = (path: string) =>
      analyze("security", "--offline=yes", `--threshold=${mostExposure}`, "--no-pager", path);
    const judged = judge(copy("causeway.service"));
    assert.equal(judged.status, 0, judged.text);
    const bare = copy("bare.service", (text) =>
      text.replaceAll(/^(Capability|Restrict|SystemCall).*$/gm, ""),
    );
    assert.equal(judge(bare).status, 1);
  });

  it("leaves the daemon what it needs for networks, ports, and other people's namespaces", async (t) => {
    const daemon = await DaemonProcess.start(t, {
      under: ["setpriv", `--bounding-set=-all,+${capabilities().join(",+")}`],
    });
    const status = readFileSync(`/proc/${daemon.pid}/status`, "utf8");
    assert.notEqual(
      /CapEff:\s*(\S+)/.exec(status)?.[1],
      /CapEff:\s*(\S+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1],
    );
    await useEverything(daemon);
    assert.equal(await daemon.end(), 0);
  });

  for (const [needed, says] of [
    ["net_admin", /CAP_NET_ADMIN/],
    ["sys_admin", /CAP_SYS_ADMIN/],
    ["net_bind_service", /EACCES|privilege/],
  ] as const) {
    it(`and not less: without ${needed} it cannot`, async (t) => {
      const left = capabilities().filter((name) => name !== needed);
      assert.equal(left.length, capabilities().length - 1);
      const under = ["setpriv", `--bounding-set=-all,+${left.join(",+")}`];
      const refused = async () => {
        const daemon = await DaemonProcess.start(t, { under });
        await useEverything(daemon);
      };
      await assert.rejects(refused, { message: says });
    });
  }
});

/** A network, a port below 1024, a sysctl of a namespace, statistics, and a container of runc's with capabilities and another user. */
async function useEverything(daemon: DaemonProcess): Promise<void> {
  const ask = async (method: string, path: string, body?: unknown) => {
    const answer = await askSocket(daemon.socket, method, `/cnm/v1${path}`, body);
    assert.ok(answer.status < 300, `${path}: ${answer.status} ${answer.text}`);
    return answer;
  };
  await ask("POST", "/networks", { name: "n" });
  const endpoint = { publish: [{ containerPort: 80, hostPort: 80 }] };
  await ask("POST", "/attachments", { network: "n", containerId: "c", endpoint });
  assert.match((await askSocket(daemon.socket, "GET", "/metrics")).text, /endpoint_receive_bytes_total\{/);
  const path = makeRootDirectory(join(daemon.host.directory, "root"));
  const sysctls = { "net.ipv4.ip_unprivileged_port_start": "0" };
  for (const user of ["0", "1000"]) {
    const command = ["/bin/busybox", "true"];
    const name = `by-${user}`;
    await ask("POST", "/containers", {
      name,
      kind: "rootfs",
      path,
      command,
      user,
      networks: [{ network: "n" }],
      sysctls,
      detached: true,
    });
    await eventually(async () => {
      const { body } = await ask("GET", `/containers/${name}`);
      assert.partialDeepStrictEqual(body, { state: "exited", exitCode: 0 });
    });
    await ask("DELETE", `/containers/${name}`);
  }
}
