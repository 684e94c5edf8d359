import assert from "node:assert/strict";
import { test } from "node:test";
import packet, { type Packet } from "dns-packet";
import type { Trace } from "../../contracts/names.ts";
import type { Asker } from "./asker.ts";
import { traceQuestion } from "./tracing.ts";

const truncated = packet.TRUNCATED_RESPONSE;

/** An answer to whoever asks for `www.example.org`. */
function answer(more: Partial<Packet> = {}): Uint8Array {
  const questions = [{ name: "www.example.org", type: "A" }] as const;
  return packet.encode({ type: "response", questions: [...questions], ...more });
}

const address = { name: "www.example.org", type: "A", ttl: 60, data: "192.0.2.1" } as const;

/** What a trace says where a question is answered so: at once, or by what the asker remembers. */
function traced(
  reply: (asker: Asker) => Uint8Array | undefined,
  asked = { name: "www.example.org", type: "A" },
) {
  const questions: (string | undefined)[] = [];
  let time = 1000;
  let told: Trace | undefined;
  const answering = {
    answer(bytes: Buffer, at: number, length: number, into: Buffer, intoAt: number, asker: Asker) {
      const [question] = packet.decode(bytes.subarray(at, at + length)).questions ?? [];
      questions.push(`${question?.name} ${question?.type} ${asker.protocol}`);
      time += 5;
      const given = reply(asker);
      if (given === undefined) return 0;
      into.set(given, intoAt);
      return given.length;
    },
  };
  traceQuestion(answering, asked, { hostKey: "host", now: () => time }, (trace) => {
    assert.equal(told, undefined);
    told = trace;
  });
  return { questions, told };
}

test("an answer that is cut short is asked for again by TCP, and the answers alone are told", () => {
  const { questions, told } = traced(({ protocol }) =>
    protocol === "udp"
      ? answer({ flags: truncated })
      : answer({
          answers: [address],
          authorities: [{ name: "example.org", type: "NS", ttl: 9, data: "ns.example.org" }],
          additionals: [{ ...address, name: "ns.example.org" }],
        }),
  );
  assert.deepEqual(questions, ["www.example.org A udp", "www.example.org A tcp"]);
  assert.deepEqual(told, {
    name: "www.example.org",
    type: "A",
    rcode: "NOERROR",
    answers: [{ name: "www.example.org", type: "A", ttl: 60, value: "192.0.2.1" }],
    milliseconds: 10,
    steps: [],
  });
});

test("an answer that comes later is told with who was asked, or that nobody was", () => {
  const nobody = traced((asker) => {
    asker.remember().send(answer({ flags: 2 }));
    return undefined;
  });
  assert.deepEqual([nobody.told?.rcode, nobody.told?.steps], ["SERVFAIL", [{ at: "nobody" }]]);
  const cached = traced((asker) => {
    const { send } = asker.remember();
    asker.tracer?.cached();
    send(answer({ answers: [address] }));
    return undefined;
  });
  assert.deepEqual(cached.told?.steps, [{ at: "cache" }]);
  const server = { address: "192.0.2.53", port: 53 };
  const asked = traced((asker) => {
    const { send } = asker.remember();
    asker.tracer?.tried({ ...server, namespace: "id" }, "udp", "silent", 1500);
    asker.tracer?.tried({ ...server, namespace: "host" }, "udp", "answered", 3, 3);
    send(answer({ flags: 3 }));
    return undefined;
  });
  const step = { at: "server", address: "192.0.2.53", protocol: "udp" } as const;
  assert.deepEqual(asked.told?.steps, [
    { ...step, from: "sandbox", outcome: "silent", milliseconds: 1500 },
    { ...step, from: "host", outcome: "answered", rcode: "NXDOMAIN", milliseconds: 3 },
  ]);
});

test("of an answer that is no whole message the code is told", () => {
  const { told } = traced(() => answer({ flags: 5, answers: [address] }).subarray(0, -1));
  assert.deepEqual([told?.rcode, told?.answers], ["REFUSED", []]);
});

test("the name of an address is asked for as clients do, and other names as they are", () => {
  const asks = (name: string, type: string) => traced(() => answer(), { name, type }).questions[0];
  assert.equal(asks("192.0.2.1", "PTR"), "1.2.0.192.in-addr.arpa PTR udp");
  assert.match(asks("2001:db8::1", "PTR") ?? "", /^1\.0\..*\.ip6\.arpa PTR udp$/);
  assert.equal(asks("1.2.0.192.in-addr.arpa", "PTR"), "1.2.0.192.in-addr.arpa PTR udp");
  assert.equal(asks("192.0.2.1", "TXT"), "192.0.2.1 TXT udp");
  assert.throws(() => asks("a", "NONSENSE"), { code: "unknown_record_type" });
});
