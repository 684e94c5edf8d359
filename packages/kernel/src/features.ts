/**
 * What a machine may lack of what this package uses, each probed in a namespace that is thrown away.
 */
import { Conntrack } from "./conntrack/conntrack.ts";
import { NftContext } from "./nftables/context.ts";
import { NftError } from "./nftables/errors.ts";
import * as link from "./rtnl/link.ts";
import { Rtnl } from "./rtnl/rtnl.ts";
import { requireCapabilities } from "./sys/capabilities.ts";
import { isKernelError, UnsupportedFeatureError } from "./sys/errors.ts";
import type { Feature } from "./sys/features.ts";
import { mayReturn, NetNamespace } from "./sys/namespace.ts";
import * as state from "./xfrm/state.ts";
import { Xfrm } from "./xfrm/xfrm.ts";

/**
 * Throws UnsupportedFeatureError where this process may not administer networks: what it lacks, and the mend.
 */
export function requirePrivileges(): void {
  requireCapabilities("CAP_NET_ADMIN", "CAP_SYS_ADMIN");
  if (mayReturn()) return;
  throw new UnsupportedFeatureError(
    "the right to enter network namespaces",
    "the process has its capabilities in a user namespace only (rootless container, unshare --user); run it as root outside of one",
  );
}

function inThrowAwayNamespace<T>(action: (namespace: NetNamespace) => T): T {
  requirePrivileges();
  using namespace = NetNamespace.create();
  return action(namespace);
}

/** The kernel's refusal of an action; other errors are thrown. */
function refusal(action: () => void): Error | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (isKernelError(error) || error instanceof NftError) return error;
    throw error;
  }
}

const kinds = new Map<string, Feature>();

/** Links of a kind: `bridge`, `veth`, `ipvlan` ... */
export function linkKind(kind: string): Feature {
  const feature = kinds.get(kind) ?? {
    name: `the link kind "${kind}"`,
    mend: `load its module (modprobe ${kind}), or run a kernel that has it`,
    probe: () => inThrowAwayNamespace((namespace) => lackOfKind(namespace, kind)),
  };
  kinds.set(kind, feature);
  return feature;
}

function lackOfKind(namespace: NetNamespace, kind: string): Error | undefined {
  using rtnl = new Rtnl(namespace);
  const [error] = rtnl.attempt([link.create({ name: "probe", info: { kind } })]);
  // Any other complaint is about what the request leaves out: the kind is known.
  const unknown = isKernelError(error, "EOPNOTSUPP") && (error.kernelMessage ?? unknownKind) === unknownKind;
  return unknown ? error : undefined;
}

/** The kernel's words in rtnl_newlink(). */
const unknownKind = "Unknown device type";

/** libnftables and nf_tables. */
export const nftables: Feature = {
  name: "nftables",
  mend: "run a kernel with nf_tables (CONFIG_NF_TABLES, CONFIG_NF_TABLES_INET; modprobe nf_tables)",
  probe: () => probeNft("add table inet probe"),
};

/** Address translation for both families. */
export const nftablesNat: Feature = {
  name: "address translation by nftables",
  mend: "run a kernel with it (CONFIG_NFT_NAT, CONFIG_NFT_MASQ; modprobe nft_chain_nat nft_nat nft_masq)",
  probe: () =>
    probeNft(
      [
        "add table inet probe",
        "add chain inet probe nat { type nat hook postrouting priority 100; }",
        "add rule inet probe nat masquerade",
        "add rule inet probe nat snat ip to 192.0.2.1",
      ].join("\n"),
    ),
};

function probeNft(commands: string): Error | undefined {
  return inThrowAwayNamespace((namespace) => {
    using nft = new NftContext(namespace);
    return refusal(() => nft.run(commands));
  });
}

/** The table of tracked connections, listed and changed by netlink. */
export const connectionTracking: Feature = {
  name: "connection tracking by netlink",
  mend: "run a kernel with it (CONFIG_NF_CT_NETLINK; modprobe nf_conntrack_netlink)",
  probe: () =>
    inThrowAwayNamespace((namespace) =>
      refusal(() => {
        using conntrack = new Conntrack(namespace);
        conntrack.count();
      }),
    ),
};

/** IPsec as it takes to encrypt packets of both families: ESP with AES-GCM, and sequence numbers of 64 bits. */
export const ipsecEsp: Feature = {
  name: "IPsec (ESP with AES-GCM)",
  mend: "run a kernel with it (CONFIG_XFRM_USER, CONFIG_INET_ESP, CONFIG_INET6_ESP, CONFIG_CRYPTO_GCM, CONFIG_CRYPTO_SEQIV; modprobe xfrm_user esp4 esp6 gcm seqiv)",
  probe: () =>
    inThrowAwayNamespace((namespace) =>
      refusal(() => {
        using xfrm = new Xfrm(namespace);
        xfrm.execute(probeState("192.0.2.1", "192.0.2.2"), probeState("2001:db8::1", "2001:db8::2"));
      }),
    ),
};

function probeState(source: string, destination: string) {
  const aead = { algorithm: "rfc4106(gcm(aes))", key: new Uint8Array(36), icvBits: 128 };
  return state.add({ source, destination, spi: 0x1000, requestId: 1, aead, replayWindow: 32 });
}
