import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hostProcessCommand } from "../host-process.ts";
import { bundleConfig } from "./bundle.ts";
import { type OciMount, type OciNamespace, type ProcessWish, rootfsConfig } from "./config.ts";

interface Config {
  readonly process: {
    readonly args: readonly string[];
    readonly env: readonly string[];
    readonly user: { readonly uid: number; readonly gid: number };
    readonly capabilities: { readonly effective: readonly string[]; readonly bounding: readonly string[] };
  };
  readonly root: { readonly path: string; readonly readonly?: boolean };
  readonly hostname?: string;
  readonly mounts: readonly OciMount[];
  readonly linux: {
    readonly namespaces: readonly OciNamespace[];
    readonly sysctl?: Readonly<Record<string, string>>;
    readonly maskedPaths?: readonly string[];
  };
}

const plain: ProcessWish = {
  command: ["true"],
  environment: [],
  terminal: false,
  readOnly: false,
  sysctls: {},
};
const files = { hosts: "/s/hosts", hostname: "/s/hostname", resolvConf: "/s/resolv.conf" };
const place = {
  netnsPath: "/s/net",
  usesHostNetwork: false,
  files: files as Parameters<typeof rootfsConfig>[2]["files"],
};

const sourcesOf = ({ mounts }: Config) =>
  Object.fromEntries(
    mounts
      .filter(({ destination }) => destination.startsWith("/etc/"))
      .map(({ destination, source }) => [destination, source]),
  );

describe("a container's configuration", () => {
  const made = (wish: Partial<ProcessWish> = {}, where = place) =>
    rootfsConfig("/root", { ...plain, ...wish }, where) as Config;

  it("has the sandbox's network and its files with names", () => {
    assert.deepEqual(sourcesOf(made()), {
      "/etc/hosts": "/s/hosts",
      "/etc/hostname": "/s/hostname",
      "/etc/resolv.conf": "/s/resolv.conf",
    });
    assert.deepEqual(
      made().linux.namespaces.filter(({ type }) => type === "network"),
      [{ type: "network", path: "/s/net" }],
    );
  });

  it("gives capabilities to root alone, and a root that is read-only where that is asked for", () => {
    assert.ok(made().process.capabilities.effective.includes("CAP_NET_RAW"));
    const { user, capabilities } = made({ user: "7:8" }).process;
    assert.deepEqual([user.uid, user.gid, capabilities.effective], [7, 8, []]);
    assert.ok(capabilities.bounding.length > 0);
    assert.deepEqual([made().root.readonly, made({ readOnly: true }).root.readonly], [false, true]);
  });

  it("masks the throttling of each processor", () => {
    const masked = made().linux.maskedPaths ?? [];
    assert.ok(masked.includes("/sys/devices/system/cpu/cpu0/thermal_throttle"));
    assert.ok(masked.includes("/proc/kcore"));
  });

  it("changes no settings of the host's network but those that are asked for", () => {
    const own = made({ sysctls: { "net.a": "1" } }).linux.sysctl ?? {};
    assert.ok(Object.keys(own).length > 1);
    const host = { ...place, usesHostNetwork: true };
    assert.deepEqual(made({ sysctls: { "net.a": "1" } }, host).linux.sysctl, { "net.a": "1" });
    assert.deepEqual(made({}, host).linux.sysctl, {});
  });
});

describe("a bundle's configuration", () => {
  const bundle = {
    directory: "/b",
    config: {
      process: { args: ["own"], env: ["A=1", "B=1"], cwd: "/own", user: { uid: 1, gid: 1 } },
      root: { path: "r" },
      mounts: [
        { destination: "/etc/hosts", type: "bind", source: "hosts", options: ["rbind"] },
        { destination: "/proc", type: "proc", source: "proc" },
      ],
      hostname: "own",
      linux: {
        namespaces: [{ type: "pid" }, { type: "network", path: "/elsewhere" }],
        sysctl: { "net.a": "1" },
      },
    },
  };
  const made = (wish: Partial<ProcessWish> = {}) =>
    bundleConfig(bundle, { ...plain, command: [], ...wish }, place) as Config;

  it("keeps what is its own: command, variables, mounts over ours, its name where that is the host's", () => {
    const { process, root, hostname, linux, mounts } = made({ hostname: "ours" });
    assert.deepEqual(
      [process.args, process.env, process.user],
      [["own"], ["A=1", "B=1"], { uid: 1, gid: 1 }],
    );
    assert.deepEqual([root, hostname], [{ path: "/b/r" }, "own"]);
    assert.deepEqual(sourcesOf(made()), {
      "/etc/hosts": "/b/hosts",
      "/etc/hostname": "/s/hostname",
      "/etc/resolv.conf": "/s/resolv.conf",
    });
    assert.equal(mounts.find(({ destination }) => destination === "/proc")?.source, "proc");
    assert.deepEqual(linux, {
      namespaces: [{ type: "pid" }, { type: "network", path: "/s/net" }],
      sysctl: { "net.a": "1" },
    });
  });

  it("has over it what is asked for", () => {
    const wish = { command: ["asked"], environment: ["B=2", "C=3"], readOnly: true, user: "7" };
    const { process, root, linux } = made({ ...wish, sysctls: { "net.b": "2" } });
    assert.deepEqual(process.args, ["asked"]);
    assert.deepEqual(process.env, ["A=1", "B=2", "C=3"]);
    assert.equal(process.user.uid, 7);
    assert.equal(root.readonly, true);
    assert.deepEqual(linux.sysctl, { "net.a": "1", "net.b": "2" });
  });
});

it("a plain process runs as who it is to be", () => {
  const command = (user?: string) =>
    hostProcessCommand({ ...plain, ...(user !== undefined && { user }) }, place);
  assert.ok(command("7:8").join(" ").includes("setpriv --reuid=7 --regid=8 --clear-groups env "));
  assert.ok(!command().includes("setpriv"));
});
