/**
 * Segments: makes those that are needed, lets go of those that are not, and mends them.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { files, isKernelError } from "@causeway/kernel";
import type { TunnelCipher } from "../../contracts/overlay.ts";
import { conflict, unavailable } from "../../errors.ts";
import { Departures } from "../departures.ts";
import { endpointBridgePort } from "./bridge-ports.ts";
import type { Entry, EntryKey } from "./entries.ts";
import { reconnect } from "./host-end.ts";
import { changeEntries, liveEntries } from "./kernel-tables.ts";
import type { OverlayNetwork } from "./networks.ts";
import type { OverlayDriverParts } from "./parts.ts";
import { difference } from "./peer-table.ts";
import {
  bridgeName,
  makeSegment,
  mendSegment,
  openSegment,
  type Segment,
  type SegmentSettings,
  vxlanName,
} from "./segment.ts";
import { tunnelMtu } from "./underlay.ts";

/** The kernel takes its time over a namespace that was let go of, and the VXLAN id is taken until then. */
const vniPatienceMs = 10_000;
const vniPauseMs = 5;

export class Segments {
  readonly #parts: OverlayDriverParts;
  readonly #vxlanPort: number;
  /** Namespaces that are going, by path. */
  readonly #departures = new Departures();
  /** Those that are being made, by network. */
  readonly #making = new Map<string, Promise<Segment>>();
  /** Those that were taken up with tunnels of other settings, such as another address of this host. */
  readonly #outdated = new Set<OverlayNetwork>();

  constructor(parts: OverlayDriverParts, vxlanPort: number) {
    this.#parts = parts;
    this.#vxlanPort = vxlanPort;
  }

  /** The network's, made where there is none, with all entries for its peers. */
  provide(network: OverlayNetwork): Promise<Segment> {
    const { id } = network.spec;
    const making = this.#making.get(id) ?? this.#provide(network).finally(() => this.#making.delete(id));
    this.#making.set(id, making);
    return making;
  }

  async #provide(network: OverlayNetwork): Promise<Segment> {
    if (network.segment !== undefined) return network.segment;
    const settings = this.settings(network);
    await this.#departures.of(settings.path);
    this.cipherOf(network)?.protect();
    this.#receive(network, true);
    const segment = await this.#makeWhenFree(network, settings).catch((error: unknown) => {
      this.#receive(network, false);
      throw error;
    });
    network.segment = segment;
    changeEntries(segment.rtnl, segment, { remove: [], set: [...network.peers.entries().values()] });
    return segment;
  }

  async #makeWhenFree({ spec }: OverlayNetwork, settings: SegmentSettings): Promise<Segment> {
    const giveUp = performance.now() + vniPatienceMs;
    for (;;) {
      try {
        return makeSegment(this.#parts.rtnl, settings, this.#parts.openFirewall);
      } catch (error) {
        if (!isKernelError(error, "EEXIST")) throw error;
        if (performance.now() > giveUp) throw vniInUse(spec.name, settings);
      }
      await sleep(vniPauseMs);
    }
  }

  /** After a restart: takes up what an earlier run made. Peers are in the kernel still, and traffic goes on. */
  takeUp(network: OverlayNetwork): void {
    const settings = this.settings(network);
    const found = openSegment(settings, this.#parts.openFirewall);
    network.segment = found?.segment;
    if (found !== undefined) {
      if (!found.isUpToDate) this.#outdated.add(network);
      this.cipherOf(network)?.protect();
      this.#receive(network, true);
    } else if (files.existsSync(settings.path)) this.#letGo(settings.path);
  }

  /** Nothing of ours keeps it open any more: in the kernel it stays, to be taken up again. */
  putDown(network: OverlayNetwork): void {
    const { segment } = network;
    if (segment === undefined) return;
    network.segment = undefined;
    this.#outdated.delete(network);
    this.#departures.expect(segment.place.path, segment.close());
  }

  /**
   * One that was taken up with tunnels of other settings gets its own, now that the cluster has told of all peers. Not before: until this host has told
   * the cluster, the others believe it at its former address only.
   *
   * @throws vni_in_use
   */
  update(network: OverlayNetwork): void {
    const { segment } = network;
    if (segment === undefined || !this.#outdated.has(network)) return;
    this.#mend(network, segment);
    this.#outdated.delete(network);
  }

  /** Takes the network off this host. */
  release(network: OverlayNetwork): void {
    const { segment } = network;
    if (segment === undefined) return;
    network.segment = undefined;
    this.#outdated.delete(network);
    const closed = segment.close();
    this.#receive(network, false);
    this.#letGo(segment.place.path, closed);
  }

  /** No sandbox of this host sends in its name from now on, whether or not this host has the network. */
  know(network: OverlayNetwork): void {
    this.#receive(network, false);
  }

  forget({ spec }: OverlayNetwork): void {
    this.#parts.firewall.apply({ remove: { tunnels: [{ networkId: spec.id }] } });
  }

  /** @param received from other hosts, and from nobody else */
  #receive(network: OverlayNetwork, received: boolean): void {
    const port = this.#portOf(network);
    const tunnel = { networkId: network.spec.id, port, vni: network.vnis[0], received };
    this.#parts.firewall.apply({ add: { tunnels: [tunnel] } });
  }

  #portOf(network: OverlayNetwork): number {
    return this.cipherOf(network)?.port ?? this.#vxlanPort;
  }

  /** @param closed when nothing of ours keeps the namespace any more. Default: nothing does */
  #letGo(path: string, closed: Promise<void> = Promise.resolve()): void {
    this.#departures.expect(path, Promise.all([closed, this.#parts.reaper.releaseNamespace(path)]));
  }

  /** Where all of it is gone it is made anew, and its endpoints' interfaces are the model's to make again. */
  async mend(network: OverlayNetwork): Promise<void> {
    const { segment } = network;
    if (segment === undefined) await this.provide(network);
    else this.#mend(network, segment);
  }

  #mend(network: OverlayNetwork, segment: Segment): void {
    const { spec, peers, peersTold } = network;
    const settings = this.settings(network);
    // Until the cluster has told of all peers, what is there is not known to be wrong, and goes with a VXLAN device that is made anew.
    const before = peersTold ? new Map<EntryKey, Entry>() : entriesBefore(segment);
    let mended: Segment;
    try {
      mended = mendSegment(this.#parts.rtnl, segment, settings);
    } catch (error) {
      throw isKernelError(error, "EEXIST") ? vniInUse(spec.name, settings) : error;
    }
    network.segment = mended;
    for (const [id, { joined }] of network.endpoints) {
      // One whose end is gone the model makes again.
      if (joined) reconnect(mended, id, this.#parts.ownerOf(id), endpointBridgePort(network, mended.guard));
    }
    const wanted = new Map([...before, ...peers.entries()]);
    const { set, remove } = difference(liveEntries(mended.rtnl, mended), wanted);
    changeEntries(mended.rtnl, mended, { set, remove: peersTold ? remove : [] });
  }

  settings(network: OverlayNetwork): SegmentSettings {
    const { ownerOf, namespacePath, self } = this.#parts;
    const { id } = network.spec;
    return {
      path: namespacePath(id),
      owner: ownerOf(id),
      vni: network.vnis[0],
      vxlanPort: this.#portOf(network),
      hostAddress: self.address,
      mtu: this.mtu(network),
    };
  }

  mtu(network: OverlayNetwork): number {
    const { rtnl, self } = this.#parts;
    return network.options.mtu ?? tunnelMtu(rtnl, self.address, this.cipherOf(network));
  }

  /** What encrypts it; undefined for a plain network. */
  cipherOf({ options }: OverlayNetwork): TunnelCipher | undefined {
    return options.encrypted ? this.#parts.cipher : undefined;
  }

  /** When all have gone that were let go of. */
  gone(): Promise<void> {
    return this.#departures.all();
  }
}

/** Whole entries that the kernel has; none where a link of the two is gone. */
function entriesBefore(segment: Segment): ReadonlyMap<EntryKey, Entry> {
  const { rtnl, bridge, vxlan } = segment;
  const isThere = (name: string, index: number) => rtnl.findLink({ name })?.index === index;
  if (!isThere(bridgeName, bridge) || !isThere(vxlanName, vxlan)) return new Map();
  const live = [...liveEntries(rtnl, segment)];
  return new Map(live.filter(([, entry]) => entry.kind !== "mac" || entry.hostAddress !== ""));
}

/** @throws network_not_restored */
export function segmentOf({ spec, segment }: OverlayNetwork): Segment {
  if (segment !== undefined) return segment;
  throw unavailable("network_not_restored", `network "${spec.name}" has nothing on this host: call repair()`);
}

function vniInUse(name: string, { vni, vxlanPort }: SegmentSettings): Error {
  const message = `network "${name}": another VXLAN device of this host has the id ${vni} at port ${vxlanPort}: remove it, or make the network anew with another id`;
  return conflict("vni_in_use", message, vni);
}
