import assert from "node:assert/strict";
import { describe, it } from "node:test";
import packet, { type Packet } from "dns-packet";
import type { AddedRecord } from "../../contracts/names.ts";
import type { Client, Protocol, Reply } from "../upstream/contract.ts";
import { tcpLimit } from "../wire/answer.ts";
import { Zone } from "../zone/zone.ts";
import { AnsweringSandbox } from "./answering.ts";

interface Forwarded {
  readonly question: Packet & { readonly flag_cd: boolean };
  readonly protocol: Protocol;
  readonly reply: Reply;
}

/** A sandbox in a network with a name and these records, and others who answer when the test has them do it. */
function scene(records: readonly AddedRecord[] = []) {
  const zone = new Zone();
  const membership = {
    endpointId: "endpoint",
    networkId: "network",
    networkName: "front",
    subnets: [],
    names: ["web"],
    ipv4: "10.0.0.2",
    ttl: 600,
    ports: [],
    links: {},
    servers: [],
  };
  const names = { memberships: [membership], extraHosts: [], forwards: true, servers: [], options: [] };
  zone.set({ sandboxId: "sandbox", ...names });
  zone.setRecords("network", records);
  const counts = { questions: 0, found: 0, private: 0 };
  const told: string[] = [];
  const forwarded: Forwarded[] = [];
  const client: Client = {
    inFlight: 0,
    forward(query, protocol, _peer, reply, length = query.length) {
      told.push("forward");
      const question = packet.decode(Buffer.from(query.subarray(0, length))) as Forwarded["question"];
      forwarded.push({ question, protocol, reply });
    },
    setServers: () => undefined,
    [Symbol.dispose]: () => undefined,
  };
  const answering = new AnsweringSandbox(zone, "sandbox", client, counts, () => told.push("refresh"));
  /** What is answered at once, or, to whoever waits, later. */
  const ask = (question: Buffer, protocol: Protocol = "udp") => {
    const into = Buffer.alloc(tcpLimit);
    const later: Packet[] = [];
    const send = (answer: Uint8Array) => later.push(packet.decode(Buffer.from(answer)));
    const asker = { protocol, remember: () => ({ peer: 1, send }) };
    const length = answering.answer(question, 0, question.length, into, 0, asker);
    return { now: length === 0 ? undefined : packet.decode(into.subarray(0, length)), later };
  };
  return { ask, counts, told, forwarded };
}

function question(name: string, more: Partial<Packet> = {}): Buffer {
  return packet.encode({ type: "query", id: 77, flags: 0x100, questions: [{ type: "A", name }], ...more });
}

function rcodeOf(message: Packet | undefined): unknown {
  return message !== undefined && "rcode" in message ? message.rcode : undefined;
}

const elsewhere = { name: "site", ttl: 5, data: { type: "CNAME", target: "www.example.org" } } as const;
const long = packet.encode({
  type: "response",
  questions: [{ type: "A", name: "www.example.org" }],
  answers: Array.from({ length: 10 }, () => {
    return { name: "www.example.org", type: "TXT", ttl: 60, data: "x".repeat(200) } as const;
  }),
});

describe("a sandbox's questions", () => {
  it("are counted by what comes of them", () => {
    const { ask, counts } = scene();
    assert.equal(ask(question("web")).now?.answers?.length, 1);
    ask(question("www.example.org"));
    assert.deepEqual(counts, { questions: 2, found: 1, private: 0 });
  });

  it("are of the Internet's class; no other is answered", () => {
    const { ask, counts } = scene();
    const chaos = question("web", { questions: [{ type: "A", name: "web", class: "CH" }] });
    assert.equal(rcodeOf(ask(chaos).now), "NOTIMP");
    const any = question("web", { questions: [{ type: "A", name: "web", class: "ANY" }] });
    assert.equal(ask(any).now?.answers?.length, 1);
    assert.equal(counts.questions, 1);
  });
});

describe("an alias that leads on to a name that others know", () => {
  it("has them asked by the servers that there are now, under the asker's id, for what it wants", () => {
    const { ask, told, forwarded } = scene([elsewhere]);
    const opt = { type: "OPT", name: ".", udpPayloadSize: 1232, flags: 0x8000 } as const;
    const dnssecOk = { ...opt, options: [], extendedRcode: 0, ednsVersion: 0, flag_do: true };
    ask(
      question("site", {
        flags: 0x110,
        additionals: [dnssecOk],
      }),
    );
    assert.deepEqual(told, ["refresh", "forward"]);
    const [sent] = forwarded;
    assert.equal(sent?.question.id, 77);
    assert.equal(sent?.question.flag_cd, true);
    assert.deepEqual(
      sent?.question.questions?.map(({ name, type }) => `${name} ${type}`),
      ["www.example.org A"],
    );
    const [sentOpt] = sent?.question.additionals ?? [];
    assert.equal(sentOpt?.type === "OPT" && sentOpt.flag_do, true);
  });

  it("is asked for again by TCP where their answer is cut short, and cut here for who has no room", () => {
    const { ask, forwarded } = scene([elsewhere]);
    for (const protocol of ["udp", "tcp"] as const) {
      const { later } = ask(question("site"), protocol);
      const [byUdp] = forwarded.splice(0);
      assert.equal(byUdp?.protocol, "udp");
      byUdp?.reply(packet.encode({ type: "response", flags: packet.TRUNCATED_RESPONSE }), 1, undefined);
      assert.deepEqual(later, []);
      const [byTcp] = forwarded.splice(0);
      assert.equal(byTcp?.protocol, "tcp");
      byTcp?.reply(long, 1, undefined);
      const [message] = later as (Packet & { flag_tc: boolean })[];
      assert.equal(message?.flag_tc, protocol === "udp");
      if (protocol === "tcp") assert.equal(message?.answers?.length, 11);
      else assert.ok(packet.encodingLength(message ?? {}) <= 512);
    }
  });

  it("is SERVFAIL where they have failed", () => {
    const { ask, forwarded } = scene([elsewhere]);
    const { later } = ask(question("site"));
    forwarded[0]?.reply("failed", 1, undefined);
    assert.deepEqual(later.map(rcodeOf), ["SERVFAIL"]);
  });
});

it("records that no message can hold are SERVFAIL", () => {
  const target = Array.from({ length: 5 }, () => "a".repeat(60)).join(".");
  const { ask } = scene([
    { name: "long", ttl: 5, data: { type: "SRV", priority: 0, weight: 0, port: 1, target } },
  ]);
  assert.equal(
    rcodeOf(ask(question("long", { questions: [{ type: "SRV", name: "long" }] })).now),
    "SERVFAIL",
  );
});
