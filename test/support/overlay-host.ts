// One host of an overlay network: a namespace on an underlay, with the parts open in this process.

import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { address, link, NetNamespace, Reaper, Rtnl, unbindNamespace } from "@causeway/kernel";
import type { NumberClaims } from "../../packages/libnetwork/src/contracts/overlay.ts";
import type { OverlayDriver } from "../../packages/libnetwork/src/drivers/overlay/driver.ts";
import { TunnelEncryption } from "../../packages/libnetwork/src/drivers/overlay/encryption/encryption.ts";
import type { NftablesFirewall } from "../../packages/libnetwork/src/firewall/nftables-firewall.ts";
import type { KernelNetStack } from "../../packages/libnetwork/src/netstack/netstack.ts";
import { networkNamespacePath } from "../../packages/libnetwork/src/netstack/run-directory.ts";
import { mountsBelow } from "./leak-check.ts";
import {
  type HostPlace,
  type HostTools,
  openDriver,
  openHostFirewall,
  openNetStack,
} from "./overlay-parts.ts";
import type { Underlay } from "./underlay.ts";
import { addressOn } from "./wire.ts";

export class OverlayHost implements HostPlace, HostTools {
  readonly id = randomBytes(32).toString("hex");
  readonly number: number;
  readonly address: string;
  readonly namespace = NetNamespace.create();
  readonly rtnl = new Rtnl(this.namespace);
  readonly reaper = new Reaper(this.namespace);
  readonly runDir = mkdtempSync("/dev/shm/causeway-overlay-");
  readonly namespacePath = join(this.runDir, "host");
  readonly netstack: KernelNetStack;
  /** Of the driver that is open. */
  firewall: NftablesFirewall;
  readonly #numbers: NumberClaims;
  /** Of the driver that is open. */
  tunnels: TunnelEncryption | undefined;
  driver: OverlayDriver;

  constructor(underlay: Underlay, number: number, numbers: NumberClaims, family: 4 | 6) {
    this.number = number;
    this.#numbers = numbers;
    this.address = family === 4 ? `192.0.2.${number}` : `2001:db8::${number}`;
    this.namespace.bindAt(this.namespacePath);
    this.rtnl.execute(link.change({ name: "lo" }, { up: true }));
    underlay.connect(this.namespace, number);
    this.firewall = openHostFirewall(this, this.namespace);
    this.netstack = openNetStack(this, this);
    this.driver = this.openDriver();
    this.firewall.install();
  }

  /** For another process. */
  get place(): HostPlace {
    const { id, address: at, runDir, namespacePath } = this;
    return { id, address: at, runDir, namespacePath };
  }

  /** Path of a network's own namespace. */
  pathOf(networkId: string): string {
    return networkNamespacePath(this.runDir, networkId);
  }

  /** @param config the driver's own configuration. Default: none */
  openDriver(config?: unknown): OverlayDriver {
    this.firewall.close();
    this.firewall = openHostFirewall(this, this.namespace);
    this.tunnels?.[Symbol.dispose]();
    this.tunnels = new TunnelEncryption({ namespace: this.namespace, address: this.address });
    return openDriver(this, this, { numbers: this.#numbers, cipher: this.tunnels, config });
  }

  /** Somebody's address on the host itself. */
  addAddress(name: string, cidr: string): void {
    const { index } = this.rtnl.query(link.get({ name }));
    this.rtnl.execute(addressOn(index, cidr));
  }

  /** Takes the host's address away that its tunnels end at. */
  loseAddress(): void {
    const { index } = this.rtnl.query(link.get({ name: "eth0" }));
    this.rtnl.execute(address.remove({ link: index, address: this.address, prefixLength: 24 }));
  }

  async end(): Promise<void> {
    await this.driver.close();
    this.firewall.close();
    this.tunnels?.[Symbol.dispose]();
    this.netstack.close();
    await this.reaper.close();
    for (const path of mountsBelow(this.runDir)) unbindNamespace(path);
    rmSync(this.runDir, { recursive: true });
    this.rtnl[Symbol.dispose]();
    this.namespace[Symbol.dispose]();
  }
}
