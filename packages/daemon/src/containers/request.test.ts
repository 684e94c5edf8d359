import assert from "node:assert/strict";
import { test } from "node:test";
import type { ContainerCreate } from "../api/index.ts";
import { checkRequest } from "./request.ts";

const root = { text: "root", uid: 0, pid: 1, trusted: true };
const rootfs: ContainerCreate = { kind: "rootfs", path: "/usr", command: ["true"] };

test("who is not trusted names no directory and starts no process of the host's", () => {
  const stranger = { text: "uid 1000", uid: 1000, pid: 1, trusted: false };
  const requests: readonly ContainerCreate[] = [
    rootfs,
    { ...rootfs, kind: "bundle" },
    { kind: "process", command: ["true"] },
  ];
  for (const request of requests)
    assert.throws(() => checkRequest({ ...request, detached: true }, stranger), {
      code: "caller_not_trusted",
      kind: "forbidden",
    });
  const member = { ...stranger, trusted: true };
  assert.throws(() => checkRequest(rootfs, member), { code: "not_started_by_caller", kind: "forbidden" });
  checkRequest({ ...rootfs, detached: true }, member);
  checkRequest(rootfs, root);
});

test("what contradicts itself, or is none, is refused", () => {
  const refused: readonly (readonly [Partial<ContainerCreate>, string])[] = [
    [{ path: "usr" }, "invalid_path"],
    [{ path: "/etc/passwd" }, "invalid_path"],
    [{ path: "/nowhere" }, "invalid_path"],
    [{ command: [] }, "invalid_option"],
    [{ command: ["a\0b"] }, "invalid_option"],
    [{ environment: ["=x"] }, "invalid_option"],
    [{ user: "root" }, "invalid_user"],
    [{ terminal: true, detached: true }, "contradictory_options"],
    [{ kind: "process" }, "contradictory_options"],
    [{ shareWith: "a", networks: [{ network: "n" }] }, "contradictory_options"],
    [{ shareWith: "a", publish: [{ containerPort: 80 }] }, "contradictory_options"],
    ...[{ dns: ["10.0.0.1"] }, { domainname: "x" }, { extraHosts: [{ name: "x", address: "10.0.0.1" }] }].map(
      (named) => [{ shareWith: "a", ...named }, "contradictory_options"] as const,
    ),
    ...["", "a\nb", "a\0b", "-n", "a".repeat(65)].map(
      (hostname) => [{ shareWith: "a", hostname }, "invalid_hostname"] as const,
    ),
    [{ environment: [`A=${"x".repeat(131_072)}`] }, "invalid_option"],
    [{ sysctls: { "net/../kernel": "1" } }, "invalid_sysctl"],
    [{ sysctls: { "net.x": "1\n2" } }, "invalid_sysctl"],
  ];
  for (const [change, code] of refused)
    assert.throws(() => checkRequest({ ...rootfs, ...change }, root), { code }, JSON.stringify(change));
  const process: ContainerCreate = {
    kind: "process",
    command: ["true"],
    sysctls: { "kernel.hostname": "x" },
  };
  assert.throws(() => checkRequest(process, root), { code: "invalid_sysctl" });
});
