/**
 * What Docker gives a container by default (moby: oci/defaults.go, oci/caps/defaults.go, daemon/oci_linux.go).
 */
import { files } from "@causeway/kernel";
import type { OciMount } from "./config.ts";

export const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export const capabilities: readonly string[] = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FSETID",
  "CAP_FOWNER",
  "CAP_MKNOD",
  "CAP_NET_RAW",
  "CAP_SETGID",
  "CAP_SETUID",
  "CAP_SETFCAP",
  "CAP_SETPCAP",
  "CAP_NET_BIND_SERVICE",
  "CAP_SYS_CHROOT",
  "CAP_KILL",
  "CAP_AUDIT_WRITE",
];

// linux/magic.h
const CGROUP2_SUPER_MAGIC = 0x6367_7270;
const cgroups = "/sys/fs/cgroup";

/** Where there is one hierarchy of control groups, all of the host's would be seen without a namespace for them. */
export function namespaces(): readonly string[] {
  const isUnified = files.existsSync(cgroups) && files.statfsSync(cgroups).type === CGROUP2_SUPER_MAGIC;
  return ["pid", "ipc", "uts", "mount", ...(isUnified ? ["cgroup"] : [])];
}

export const mounts: readonly OciMount[] = [
  { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
  {
    destination: "/dev",
    type: "tmpfs",
    source: "tmpfs",
    options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
  },
  {
    destination: "/dev/pts",
    type: "devpts",
    source: "devpts",
    options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
  },
  { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"] },
  {
    destination: cgroups,
    type: "cgroup",
    source: "cgroup",
    options: ["ro", "nosuid", "noexec", "nodev"],
  },
  { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"] },
  {
    destination: "/dev/shm",
    type: "tmpfs",
    source: "shm",
    options: ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"],
  },
];

/** The interrupts and the throttling of each processor tell by their times what others do (moby#49560). */
export function maskedPaths(): readonly string[] {
  const there = files.existsSync(processorDirectory) ? files.readdirSync(processorDirectory) : [];
  const processors = there.filter((name) => /^cpu\d+$/.test(name));
  return [...alwaysMasked, ...processors.map((name) => `${processorDirectory}/${name}/thermal_throttle`)];
}

const processorDirectory = "/sys/devices/system/cpu";

const alwaysMasked: readonly string[] = [
  "/proc/asound",
  "/proc/acpi",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
];

export const readonlyPaths: readonly string[] = [
  "/proc/bus",
  "/proc/fs",
  "/proc/irq",
  "/proc/sys",
  "/proc/sysrq-trigger",
];

/** In a network namespace of its own, everybody may serve low ports and ping. */
export const sysctls: Readonly<Record<string, string>> = {
  "net.ipv4.ip_unprivileged_port_start": "0",
  "net.ipv4.ping_group_range": "0 2147483647",
};
