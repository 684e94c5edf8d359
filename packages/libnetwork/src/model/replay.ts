/**
 * IPAMs that are plugins, after a restart: those that ask for it are told again what networks hold. Opening waits for none; whoever wants
 * something of the IPAM before that tells it first.
 */
import { replayAddress, replayPool } from "./addressing.ts";
import type { Engine } from "./engine.ts";
import type { NetworkCore } from "./network-core.ts";
import { noteProblem } from "./problems.ts";

const firstPauseMs = 1000;
const longestPauseMs = 30_000;

/**
 * Sees to it that the network's IPAM can be asked, and knows what the network holds. Whoever calls holds the network's lock.
 *
 * @throws that the plugin is away, or refuses
 */
export async function readyIpam(network: NetworkCore): Promise<void> {
  const { ipam, record } = network;
  await ipam.connect?.();
  if (network.replayed) return;
  if (ipam.capabilities.requiresRequestReplay) {
    // As dockerd does, which asks for the address spaces first.
    await ipam.defaultAddressSpaces();
    for (const pool of record.pools) await replayPool(ipam, pool);
    for (const { record: endpoint } of network.endpoints) {
      const { ipv4, ipv6, mac } = endpoint.interface;
      for (const cidr of [ipv4, ipv6])
        if (cidr !== undefined) await replayAddress(ipam, record.pools, cidr, true, mac);
    }
    for (const { record: service } of network.services) {
      for (const cidr of [service.ipv4, service.ipv6])
        if (cidr !== undefined) await replayAddress(ipam, record.pools, cidr, true);
    }
  }
  network.replayed = true;
}

/** Does so for every network, without anybody waiting for it: as soon as the plugin can be reached. */
export function replayLater(engine: Engine): void {
  for (const network of engine.networks) if (!network.replayed) again(network, 0);
}

function again(network: NetworkCore, pauseMs: number): void {
  setTimeout(() => void attempt(network, pauseMs), pauseMs).unref();
}

async function attempt(network: NetworkCore, pauseMs: number): Promise<void> {
  const { engine } = network;
  const nextPauseMs = Math.min(Math.max(2 * pauseMs, firstPauseMs), longestPauseMs);
  try {
    // Without the network's lock: others are not to wait for a plugin that is away.
    await network.ipam.connect?.();
  } catch {
    if (!engine.isClosed && !network.deleted) again(network, nextPauseMs);
    return;
  }
  try {
    await engine.exclusively([network.id], async () => {
      if (!network.deleted && !network.replayed) await readyIpam(network);
    });
  } catch (error) {
    if (engine.isClosed) return;
    noteProblem(engine, { kind: "network", id: network.id, name: network.name, error });
    network.replayed = true;
  }
}
