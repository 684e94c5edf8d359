import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import { NetNamespace } from "../sys/namespace.ts";
import { NftContext } from "./context.ts";
import { dataText, type NftDataType } from "./datatypes.ts";
import { type NftElement, NftElements, type NftSet } from "./elements.ts";

const table = { family: "inet", table: "t" } as const;
const ports: NftSet = { ...table, name: "ports", key: ["inet_service"] };
const places: NftSet = { ...table, name: "places", key: ["ifname", "ether_addr", "ipv6_addr"] };
const ways: NftSet = {
  ...table,
  name: "ways",
  key: ["inet_proto", "ipv4_addr", "inet_service"],
  data: ["ipv6_addr", "inet_service"],
};
const targets: NftSet = { ...table, family: "bridge", name: "targets", key: ["ifname", "raw_ipv6"] };

const declarations = `
add table inet t
add set inet t ports { type inet_service; }
add set inet t places { type ifname . ether_addr . ipv6_addr; }
add map inet t ways { type inet_proto . ipv4_addr . inet_service : ipv6_addr . inet_service; }
add table bridge t
add set bridge t targets { typeof iifname . @th,64,128; }
`;

class Scratch implements Disposable {
  readonly namespace = NetNamespace.create();
  readonly nft = new NftContext(this.namespace);
  readonly elements = new NftElements(this.namespace);

  constructor() {
    this.nft.run(declarations);
  }

  /** What the kernel has in a set, through libnftables' eyes. */
  listed({ family, name }: NftSet): string[] {
    const kind = name === "ways" ? "map" : "set";
    const [, text] = /elements = \{([^}]*)\}/.exec(this.nft.run(`list ${kind} ${family} t ${name}`)) ?? [];
    return text === undefined
      ? []
      : text
          .split(",")
          .map((element) => element.trim())
          .sort();
  }

  [Symbol.dispose](): void {
    this.elements[Symbol.dispose]();
    this.nft[Symbol.dispose]();
    this.namespace[Symbol.dispose]();
  }
}

const port = (number: number): NftElement => ({ set: ports, key: [String(number)] });
const way = (number: number): NftElement => ({
  set: ways,
  key: ["tcp", "192.0.2.1", String(number)],
  data: ["fd00::2", String(number)],
});

describe("NftElements", () => {
  checkLeaks();

  it("adds and removes elements of several sets and tables, as libnftables sees them", () => {
    using scratch = new Scratch();
    const { elements } = scratch;
    const place = { set: places, key: ["eth0.100", "02:00:00:00:00:01", "fe80::1"] };
    const aim = { set: targets, key: ["eth0", "fd00::2"] };
    elements.change({ remove: [], add: [port(80), port(443), place, way(8080), aim] });
    assert.deepEqual(scratch.listed(ports), ["443", "80"]);
    assert.deepEqual(scratch.listed(places), ['"eth0.100" . 02:00:00:00:00:01 . fe80::1']);
    assert.deepEqual(scratch.listed(ways), ["tcp . 192.0.2.1 . 8080 : fd00::2 . 8080"]);
    assert.deepEqual(scratch.listed(targets), ['"eth0" . 0xfd000000000000000000000000000002']);
    elements.change({ remove: [port(80), place, way(8080), aim], add: [port(81)] });
    assert.deepEqual(
      [ports, places, ways, targets].flatMap((set) => scratch.listed(set)),
      ["443", "81"],
    );
  });

  it("writes the bytes that libnftables writes: one adds, the other removes", () => {
    using scratch = new Scratch();
    const address = fc.ipV4();
    const ipv6 = fc.ipV6().filter((text) => !text.includes("."));
    const mac = fc
      .array(fc.integer({ min: 0, max: 255 }), { minLength: 6, maxLength: 6 })
      .map((list) => list.map((byte) => byte.toString(16).padStart(2, "0")).join(":"));
    const name = fc.stringMatching(/^[a-z][a-z0-9._-]{0,14}$/);
    const number = fc.integer({ min: 1, max: 65535 }).map(String);
    const protocol = fc.constantFrom("tcp", "udp", "sctp");
    const element = fc.oneof(
      fc.tuple(number).map((key) => ({ set: ports, key })),
      fc.tuple(name, mac, ipv6).map((key) => ({ set: places, key })),
      fc.tuple(name, ipv6).map((key) => ({ set: targets, key })),
      fc
        .tuple(fc.tuple(protocol, address, number), fc.tuple(ipv6, number))
        .map(([key, data]) => ({ set: ways, key, data })),
    );
    fc.assert(
      fc.property(element, (item: NftElement) => {
        const { set, key } = item;
        const where = `${set.family} t ${set.name}`;
        scratch.elements.change({ remove: [], add: [item] });
        scratch.nft.run(`delete element ${where} { ${dataText(set.key, key)} }`);
        scratch.nft.run(`add element ${where} { ${itemText(set.key, set.data, item)} }`);
        scratch.elements.change({ remove: [item], add: [] });
      }),
      { numRuns: 60 },
    );
  });

  it("carries out all of a batch or nothing, and says what was refused", () => {
    using scratch = new Scratch();
    const { elements } = scratch;
    elements.change({ remove: [], add: [port(80), way(1)] });
    const refused = (
      change: Parameters<NftElements["change"]>[0],
      operation: string,
      subject: string,
      code: string,
    ) => {
      assert.throws(() => elements.change(change), { name: "KernelError", operation, subject, code });
      assert.deepEqual(
        [...scratch.listed(ports), ...scratch.listed(ways)],
        ["80", "tcp . 192.0.2.1 . 1 : fd00::2 . 1"],
      );
    };
    refused({ remove: [port(80), port(81)], add: [] }, "NFT_MSG_DELSETELEM", "inet t ports", "ENOENT");
    refused(
      { remove: [port(80)], add: [port(82), port(82)] },
      "NFT_MSG_NEWSETELEM",
      "inet t ports",
      "EEXIST",
    );
    const elsewhere = { ...way(1), data: ["fd00::3", "1"] };
    refused({ remove: [], add: [port(82), elsewhere] }, "NFT_MSG_NEWSETELEM", "inet t ways", "EEXIST");
    const nowhere = { set: { ...ports, name: "nowhere" }, key: ["1"] };
    refused(
      { remove: [port(80)], add: [nowhere, port(83)] },
      "NFT_MSG_NEWSETELEM",
      "inet t nowhere",
      "ENOENT",
    );
    const noTable = { set: { ...ports, table: "none" }, key: ["1"] };
    refused({ remove: [port(80)], add: [noTable] }, "NFT_MSG_NEWSETELEM", "inet none ports", "ENOENT");
    elements.change({ remove: [port(80)], add: [port(81)] });
    assert.deepEqual(scratch.listed(ports), ["81"]);
  });

  it("removes before it adds, so that a key can change what it leads to", () => {
    using scratch = new Scratch();
    scratch.elements.change({ remove: [], add: [way(1)] });
    scratch.elements.change({ remove: [way(1)], add: [{ ...way(1), data: ["fd00::3", "9"] }] });
    assert.deepEqual(scratch.listed(ways), ["tcp . 192.0.2.1 . 1 : fd00::3 . 9"]);
  });

  it("takes more than fits into one message, in one batch", () => {
    using scratch = new Scratch();
    const many = Array.from({ length: 8000 }, (_, at) => way(at + 1));
    scratch.elements.change({ remove: [], add: many });
    assert.equal(scratch.listed(ways).length, many.length);
    const last = { ...way(60_000), set: { ...ways, name: "nowhere" } };
    assert.throws(() => scratch.elements.change({ remove: many, add: [last] }), { code: "ENOENT" });
    assert.equal(scratch.listed(ways).length, many.length);
    scratch.elements.change({ remove: many, add: [] });
    assert.deepEqual(scratch.listed(ways), []);
  });

  it("has nothing to do with no elements", () => {
    using scratch = new Scratch();
    scratch.elements.change({ remove: [], add: [] });
  });
});

function itemText(
  keyTypes: readonly NftDataType[],
  dataTypes: readonly NftDataType[] | undefined,
  { key, data = [] }: NftElement,
): string {
  const keyText = dataText(keyTypes, key);
  return dataTypes === undefined ? keyText : `${keyText} : ${dataText(dataTypes, data)}`;
}
