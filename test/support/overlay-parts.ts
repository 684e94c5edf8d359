// What a host of an overlay network consists of, opened in whichever process: the driver, the network stack and the packet filter, and nothing above them.

import type { NetNamespace, Reaper, Rtnl } from "@causeway/kernel";
import type { EndpointSpec } from "../../packages/libnetwork/src/contracts/driver.ts";
import type { NamespacePlace } from "../../packages/libnetwork/src/contracts/netstack.ts";
import type { NumberClaims, TunnelCipher } from "../../packages/libnetwork/src/contracts/overlay.ts";
import { OverlayDriver } from "../../packages/libnetwork/src/drivers/overlay/driver.ts";
import { NftablesFirewall } from "../../packages/libnetwork/src/firewall/nftables-firewall.ts";
import { KernelNetStack } from "../../packages/libnetwork/src/netstack/netstack.ts";
import { networkNamespacePath } from "../../packages/libnetwork/src/netstack/run-directory.ts";
import { LocalNumbers } from "./local-numbers.ts";

/** A host as another process finds it. */
export interface HostPlace {
  readonly id: string;
  /** Where its tunnels end. */
  readonly address: string;
  readonly runDir: string;
  readonly namespacePath: string;
}

/** What a driver and a network stack work with. */
export interface HostTools {
  readonly namespace: NetNamespace;
  readonly rtnl: Rtnl;
  readonly reaper: Reaper;
  /** The host's own. */
  readonly firewall: NftablesFirewall;
}

export function openHostFirewall({ id }: Pick<HostPlace, "id">, namespace: NetNamespace): NftablesFirewall {
  return new NftablesFirewall({ controllerId: id.slice(0, 12), namespace });
}

const ownerOf = ({ id }: Pick<HostPlace, "id">, objectId: string) =>
  `causeway:${id.slice(0, 12)}:${objectId}`;

export function openNetStack(host: HostPlace, { namespace, rtnl, reaper }: HostTools): KernelNetStack {
  return new KernelNetStack({
    host: namespace,
    rtnl,
    reaper,
    runDir: host.runDir,
    warmNamespaces: 0,
    hostResolvConf: "/etc/resolv.conf",
    ipv6: true,
    user: { made: () => undefined, released: () => undefined },
    ownerOf: (id) => ownerOf(host, id),
  });
}

export function openDriver(
  host: HostPlace,
  { rtnl, reaper, firewall }: HostTools,
  {
    numbers = new LocalNumbers(),
    cipher,
    config,
  }: { readonly numbers?: NumberClaims; readonly cipher?: TunnelCipher; readonly config?: unknown } = {},
): OverlayDriver {
  const { id: hostId, address, runDir } = host;
  const driver = new OverlayDriver(
    {
      rtnl,
      reaper,
      numbers,
      cipher,
      openFirewall: (inside) =>
        new NftablesFirewall({ controllerId: hostId.slice(0, 12), namespace: inside, place: "segment" }),
      firewall,
      self: { id: hostId, address },
      ownerOf: (id) => ownerOf(host, id),
      namespacePath: (id) => networkNamespacePath(runDir, id),
    },
    config,
  );
  // As a controller does: its packet filter stands when everything is taken up.
  const restored = driver.restored.bind(driver);
  driver.restored = () => {
    firewall.install();
    restored();
  };
  return driver;
}

/** The model's part of a join: the endpoint, the sandbox, the interface. */
export async function addEndpoint(
  host: { readonly id: string; readonly driver: OverlayDriver; readonly netstack: KernelNetStack },
  spec: EndpointSpec,
  sandboxId: string,
): Promise<NamespacePlace> {
  host.driver.createEndpoint(spec);
  const place = host.netstack.createNamespace(sandboxId);
  const answer = await host.driver.join(spec.networkId, spec.id);
  if (answer.interface === undefined) throw new Error("an overlay endpoint has an interface");
  host.netstack.addInterface({
    namespace: place,
    owner: ownerOf(host, spec.id),
    interface: answer.interface,
    name: undefined,
    sysctls: {},
    addresses: spec.interface,
    staticRoutes: answer.staticRoutes,
  });
  return place;
}
