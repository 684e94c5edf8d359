// At sampled moments the oracle is asked who reaches whom, and packets answer.

import assert from "node:assert/strict";
import type { Sandbox } from "@causeway/libnetwork";
import { namespaceOf, type TestHost } from "../support/host.ts";
import { Outside } from "../support/outside.ts";
import { ask, serve } from "../support/traffic.ts";
import type { Hands } from "./commands/command.ts";
import {
  byKey,
  hasNamespace,
  type Model,
  type ModelEndpoint,
  type ModelNetwork,
  networkOf,
} from "./model.ts";

/** For what must come about, and for what must not, milliseconds. */
const patience = 950;
const doubt = 60;

/** A container in one network and no other: what it sends and gets has one way only. */
interface Single {
  readonly sandbox: Sandbox;
  readonly endpoint: ModelEndpoint;
  readonly network: ModelNetwork;
}

function singles(model: Model, hands: Hands): Single[] {
  return model.sandboxes.flatMap((sandbox) => {
    const [only, ...others] = sandbox.joined;
    if (only?.interface === undefined || others.length > 0 || !hasNamespace(sandbox)) return [];
    const endpoint = byKey(model.endpoints, only.endpoint);
    if (endpoint === undefined) return [];
    return [{ sandbox: hands.sandbox(sandbox.key), endpoint, network: networkOf(model, endpoint) }];
  });
}

/** One pair of containers, and one container's ports from the host. */
export async function assertPackets(host: TestHost, model: Model, hands: Hands, at: number): Promise<void> {
  const all = singles(model, hands);
  const [one, other] = [all[at % Math.max(1, all.length)], all[(at + 1) % Math.max(1, all.length)]];
  if (one === undefined || other === undefined) return;
  if (one !== other) await assertPair(one, other);
  await assertPublished(host, one);
}

async function assertPair(one: Single, other: Single): Promise<void> {
  for (const family of ["ipv4", "ipv6"] as const) {
    const target = other.endpoint[family];
    if (target === undefined) continue;
    const neighbours = one.network.key === other.network.key;
    const expected = neighbours && one.network.icc;
    using inside = namespaceOf(other.sandbox);
    using outside = namespaceOf(one.sandbox);
    await using _server = await serve(inside, { port: 7000, address: family === "ipv4" ? "0.0.0.0" : "::" });
    const timeout = expected ? patience : doubt;
    const seen = await ask(outside, { address: target, port: 7000, timeout });
    const title = `${one.endpoint.name} of ${one.network.name} to ${other.endpoint.name} of ${other.network.name} at ${target}`;
    assert.equal(seen, expected ? one.endpoint[family] : undefined, title);
  }
}

/** A published port is reached from where it is published, and a port that is not published from nowhere outside. */
async function assertPublished(host: TestHost, { sandbox, endpoint, network }: Single): Promise<void> {
  const binding = endpoint.bindings.find(
    ({ protocol, hostAddress }) => protocol === "tcp" && !hostAddress.includes(":"),
  );
  if (network.mode !== "nat" || binding === undefined) return;
  const { hostAddress, hostPort, containerPort, containerAddress } = binding;
  const title = `port ${hostPort} of ${hostAddress} for ${endpoint.name} of ${network.name}`;
  const unpublished = 7001;
  using outside = new Outside(host);
  outside.routeTo(`172.30.${network.subnet}.0/24`);
  using inside = namespaceOf(sandbox);
  await using _server = await serve(inside, { port: containerPort });
  await using _other = await serve(inside, { port: unpublished });
  const fromHost = await ask(host.namespace, { address: "127.0.0.1", port: hostPort, timeout: patience });
  assert.ok(fromHost !== undefined, `${title}, from the host`);
  const isOpen = hostAddress === "0.0.0.0";
  const question = { address: outside.hostIpv4, port: hostPort, timeout: isOpen ? patience : doubt };
  assert.equal(
    await ask(outside.namespace, question),
    isOpen ? outside.ipv4 : undefined,
    `${title}, from outside`,
  );
  const past = { address: containerAddress, port: unpublished, timeout: doubt };
  assert.equal(await ask(outside.namespace, past), undefined, `past ${title}`);
}
