/**
 * What the table of led ports (led-ports.ts) is made of.
 *
 * Registers: of a key of two parts the second lies in the word behind the first; of a target, the port lies behind its address.
 */
import { ipToBytes } from "../codec/inet.ts";
import type { Request } from "../netlink/message.ts";
import { protocolNumbers } from "../netlink/netfilter.ts";
import { chance, decide, find, lead, loadProtocol, word } from "./choosing.ts";
import { accept, goTo, isRead, load, NFT_REG_1, NFT_REG_2, numberBytes, ports } from "./expressions.ts";
import { goesToLocal, isRelated, masquerade, wasLed } from "./forwarding.ts";
import type { LedPort, LedPortsTable } from "./led-ports.ts";
import { deleteElements, type MapElement, type NftMap, newElements, newMap, ofRule } from "./set-messages.ts";
import type { WantedRule, WantedTable } from "./table-listing.ts";
import {
  type BaseChain,
  deleteChain,
  deleteRules,
  NF_INET_FORWARD,
  NF_INET_LOCAL_OUT,
  NF_INET_POST_ROUTING,
  NF_INET_PRE_ROUTING,
  newBaseChain,
  newChain,
  newRule,
  newTable,
} from "./table-messages.ts";

export const tableFamily = "inet";
const portsMap: NftMap = { name: "ports", key: ["inet_proto", "inet_service"], data: "verdict" };

/** Before `dstnat` (-100): what is led here is led nowhere else. */
const priority = -101;
const hookChains: readonly BaseChain[] = [
  { name: "prerouting", type: "nat", hook: NF_INET_PRE_ROUTING, priority },
  { name: "output", type: "nat", hook: NF_INET_LOCAL_OUT, priority },
];
/** Where the namespace is there for led ports only. */
const aloneChains: readonly BaseChain[] = [
  { name: "postrouting", type: "nat", hook: NF_INET_POST_ROUTING, priority: 100 },
  { name: "forward", type: "filter", hook: NF_INET_FORWARD, priority: 0, policy: "drop" },
];

const hookRules: readonly WantedRule[] = hookChains.map(({ name: chain }) => ({
  chain,
  expressions: [
    ...goesToLocal,
    loadProtocol(NFT_REG_1),
    load(ports.destination, word(1)),
    decide(portsMap.name, NFT_REG_1),
  ],
}));
const aloneRules: readonly WantedRule[] = [
  { chain: "postrouting", expressions: [...wasLed, masquerade] },
  { chain: "forward", expressions: [...wasLed, accept] },
  { chain: "forward", expressions: [...isRelated, accept] },
];

const families = {
  ip: { type: "ipv4_addr", portRegister: word(1) },
  ip6: { type: "ipv6_addr", portRegister: NFT_REG_2 },
} as const;
type Family = keyof typeof families;

/** A rule that leads to the targets of one family: by chance, by a map of its own. */
interface LeadingRule extends WantedRule {
  readonly map: NftMap & { readonly id: number };
  readonly elements: readonly MapElement[];
}

/** The rules' maps are told apart by numbers within one batch. */
export class LedPortMessages {
  readonly #table: string;
  #maps = 1;

  constructor(table: string) {
    this.#table = table;
  }

  /** The table without any port; there is none of its name. */
  frame(place: LedPortsTable): Request[] {
    const { baseChains } = wantedFrame(place);
    return [
      newTable(tableFamily, this.#table, place.owner),
      newMap(tableFamily, this.#table, portsMap),
      ...baseChains.map((chain) => newBaseChain(tableFamily, this.#table, chain)),
      ...frameRules(place).map((rule) => newRule(tableFamily, this.#table, rule)),
    ];
  }

  /** A port that is not there. */
  add(port: LedPort): Request[] {
    const chain = chainOf(port);
    return [
      newChain(tableFamily, this.#table, chain, { exclusive: true }),
      ...this.#rules(port),
      ...this.#entry(port),
    ];
  }

  /** One that is there leads elsewhere. */
  alter(port: LedPort): Request[] {
    // Its place in the map is as it was, unless somebody took it out.
    return [deleteRules(tableFamily, this.#table, chainOf(port)), ...this.#rules(port), ...this.#entry(port)];
  }

  /** One that is there goes. */
  remove(port: LedPort): Request[] {
    const chain = chainOf(port);
    return [
      ...deleteElements(tableFamily, this.#table, portsMap.name, [elementOf(port).key]),
      deleteRules(tableFamily, this.#table, chain),
      deleteChain(tableFamily, this.#table, chain),
    ];
  }

  #entry(port: LedPort): Request[] {
    return newElements(tableFamily, this.#table, portsMap.name, [elementOf(port)]);
  }

  #rules(port: LedPort): Request[] {
    return rulesOf(port, () => ++this.#maps).flatMap(({ map, elements, ...rule }) => [
      newMap(tableFamily, this.#table, map),
      ...newElements(tableFamily, this.#table, map.name, elements, map.id),
      newRule(tableFamily, this.#table, rule),
    ]);
  }
}

/** All that is to be in the table. */
export function wantedTable(place: LedPortsTable, led: readonly LedPort[]): WantedTable {
  return {
    ...wantedFrame(place),
    chains: led.map(chainOf),
    rules: [...frameRules(place), ...led.flatMap((port) => rulesOf(port, () => 0))],
    maps: { [portsMap.name]: led.map(elementOf) },
  };
}

function wantedFrame({ owner, alone }: LedPortsTable) {
  return { comment: owner, baseChains: alone ? [...hookChains, ...aloneChains] : hookChains };
}

function frameRules({ alone }: LedPortsTable): readonly WantedRule[] {
  return alone ? [...hookRules, ...aloneRules] : hookRules;
}

function rulesOf(port: LedPort, nextId: () => number): LeadingRule[] {
  return (["ip", "ip6"] as const).flatMap((family) => {
    const targets = port.targets.filter(({ address }) => address.includes(":") === (family === "ip6"));
    return targets.length === 0 ? [] : [leadingRule(port, family, targets, nextId())];
  });
}

function leadingRule(port: LedPort, family: Family, targets: LedPort["targets"], id: number): LeadingRule {
  const { type, portRegister } = families[family];
  return {
    chain: chainOf(port),
    expressions: [
      // What the map has led here is of this protocol; nft wants to read it beside a port.
      loadProtocol(NFT_REG_1),
      isRead(Uint8Array.of(protocolNumbers[port.protocol])),
      chance(targets.length, NFT_REG_1),
      find(ofRule, NFT_REG_1, NFT_REG_1, id),
      lead(family, NFT_REG_1, portRegister),
    ],
    map: { name: ofRule, key: ["integer"], data: [type, "inet_service"], size: targets.length, id },
    elements: targets.map(targetElement),
  };
}

function targetElement({ address, port }: LedPort["targets"][number], at: number): MapElement {
  return {
    key: numberBytes(at),
    data: { value: Uint8Array.of(...ipToBytes(address), port >> 8, port & 0xff, 0, 0) },
  };
}

function elementOf(led: LedPort): MapElement {
  const { protocol, port } = led;
  const key = Uint8Array.of(protocolNumbers[protocol], 0, 0, 0, port >> 8, port & 0xff, 0, 0);
  return { key, data: goTo(chainOf(led)) };
}

const chainOf = ({ protocol, port }: LedPort) => `${protocol}_${port}`;
