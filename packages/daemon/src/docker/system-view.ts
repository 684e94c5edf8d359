/**
 * The daemon and its machine as Docker shows them.
 */
import { createHash } from "node:crypto";
import { arch, cpus, hostname, machine, release, totalmem } from "node:os";
import { files } from "@causeway/kernel";
import type { DaemonParts } from "../parts.ts";
import { serverVersion } from "../server/version.ts";
import type { SystemVersion } from "./answers.ts";
import { newest, oldest } from "./versions.ts";

/** Go's names of architectures. */
const goArch: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386", ppc64: "ppc64le" };

export function versionResource(): SystemVersion {
  const engine = {
    Version: serverVersion,
    ApiVersion: newest,
    MinAPIVersion: oldest,
    GitCommit: "",
    GoVersion: "",
    Os: "linux",
    Arch: goArch[arch()] ?? arch(),
    KernelVersion: release(),
    BuildTime: "",
  };
  const { Version, ...details } = engine;
  return {
    Platform: { Name: "Causeway" },
    Components: [
      { Name: "Engine", Version, Details: { ...details, Experimental: "false" } },
      { Name: "Node.js", Version: process.versions.node, Details: {} },
    ],
    ...engine,
  };
}

/** What there is not is shown as empty: images, logging, a swarm. */
export function infoResource({ config, controller, containers, log }: DaemonParts) {
  const states = containers.list().map(({ state }) => state);
  const count = (...wanted: readonly string[]) => states.filter((state) => wanted.includes(state)).length;
  const { stateDir } = config.controller;
  const { name, version } = operatingSystem();
  return {
    ID: createHash("sha256").update(`${hostname()}:${stateDir}`).digest("hex").slice(0, 32),
    Containers: states.length,
    ContainersRunning: count("running"),
    ContainersPaused: 0,
    ContainersStopped: count("created", "exited"),
    Images: 0,
    Driver: "none",
    DriverStatus: [],
    Plugins: { Volume: [], Network: [...controller.builtinDrivers()].sort(), Authorization: null, Log: [] },
    MemoryLimit: true,
    SwapLimit: true,
    CpuCfsPeriod: true,
    CpuCfsQuota: true,
    CPUShares: true,
    CPUSet: true,
    PidsLimit: true,
    IPv4Forwarding: true,
    Debug: log.level === "debug" || log.level === "trace",
    NFd: files.readdirSync("/proc/self/fd").length,
    OomKillDisable: false,
    NGoroutines: 0,
    SystemTime: new Date().toISOString(),
    LoggingDriver: "none",
    CgroupDriver: "cgroupfs",
    CgroupVersion: files.existsSync("/sys/fs/cgroup/cgroup.controllers") ? "2" : "1",
    NEventsListener: 0,
    KernelVersion: release(),
    OperatingSystem: name,
    OSVersion: version,
    OSType: "linux",
    Architecture: machine(),
    IndexServerAddress: "",
    RegistryConfig: { InsecureRegistryCIDRs: [], IndexConfigs: {}, Mirrors: [] },
    NCPU: cpus().length,
    MemTotal: totalmem(),
    GenericResources: null,
    DockerRootDir: stateDir,
    HttpProxy: "",
    HttpsProxy: "",
    NoProxy: "",
    Name: hostname(),
    Labels: [],
    ExperimentalBuild: false,
    ServerVersion: serverVersion,
    Runtimes: { runc: { path: config.runtime } },
    DefaultRuntime: "runc",
    Swarm: {
      NodeID: "",
      NodeAddr: "",
      LocalNodeState: "inactive",
      ControlAvailable: false,
      Error: "",
      RemoteManagers: null,
    },
    LiveRestoreEnabled: true,
    Isolation: "",
    InitBinary: "",
    ContainerdCommit: { ID: "" },
    RuncCommit: { ID: "" },
    InitCommit: { ID: "" },
    SecurityOptions: [],
    Warnings: null,
  };
}

function operatingSystem(): { readonly name: string; readonly version: string } {
  const path = "/etc/os-release";
  const text = files.existsSync(path) ? files.readFileSync(path, "utf8") : "";
  const field = (name: string) => new RegExp(`^${name}="?(.*?)"?$`, "m").exec(text)?.[1] ?? "";
  return { name: field("PRETTY_NAME") || "Linux", version: field("VERSION_ID") };
}
