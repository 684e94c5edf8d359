import assert from "node:assert/strict";
import { test } from "node:test";
import type { Trace, TraceStep } from "@causeway/daemon/api";
import { conclusion, stepText } from "./trace-text.ts";

const network = { at: "network", networkId: "0".repeat(64), network: "front", by: "name" } as const;
const server = { at: "server", address: "192.0.2.53", from: "host", protocol: "udp" } as const;
const endpoints = [{ id: "1".repeat(64), name: "web" }];

test("each step is told in plain words", () => {
  const steps: readonly (readonly [TraceStep, string])[] = [
    [{ at: "extra hosts", found: false }, "its extra hosts do not have it"],
    [{ ...network, name: "web", found: "nothing" }, 'network front: nothing is called "web"'],
    [
      { ...network, name: "web", found: "endpoints", endpoints },
      'network front: endpoint web, by the name "web"',
    ],
    [
      { ...network, name: "web", by: "link", found: "endpoints", endpoints },
      'network front: endpoint web, by a link of this sandbox to "web"',
    ],
    [
      { ...network, name: "db", by: "network name", found: "records", endpoints: [] },
      `network front: there are records that were added, as "db" behind the network's name`,
    ],
    [{ ...network, name: "10.0.0.9", by: "address", found: "nothing" }, "network front: nobody has 10.0.0.9"],
    [
      {
        ...network,
        name: "web",
        found: "endpoints",
        endpoints: Array.from({ length: 7 }, () => endpoints).flat(),
      },
      'network front: endpoints web, web, web, web, web, 2 more, by the name "web"',
    ],
    [
      { at: "private", why: "other network" },
      "nobody outside is asked: it is a name in a network of this host that the sandbox is not in",
    ],
    [
      { ...server, outcome: "silent", milliseconds: 1500.4 },
      "name server 192.0.2.53, asked from the host by UDP: no answer within 1500 ms",
    ],
    [
      { ...server, outcome: "answered", rcode: "NXDOMAIN", milliseconds: 0.26 },
      "name server 192.0.2.53, asked from the host by UDP: answered NXDOMAIN after 0.3 ms",
    ],
    [{ at: "nobody" }, "nobody was asked: there is no name server, or too many questions wait"],
  ];
  for (const [step, text] of steps) assert.equal(stepText(step), text);
});

test("what came of it says why not, and what can be done", () => {
  const trace: Trace = {
    name: "web",
    type: "A",
    rcode: "NOERROR",
    answers: [],
    milliseconds: 12.3,
    steps: [],
  };
  assert.equal(conclusion(trace), 'not found in 12 ms: "web" is there, and has no A record');
  const answers = [{ name: "web", type: "A", ttl: 0, value: "10.0.0.2" }];
  assert.equal(conclusion({ ...trace, answers }), "found in 12 ms");
  const elsewhere = { at: "private", why: "other network" } as const;
  assert.match(
    conclusion({ ...trace, rcode: "NXDOMAIN", steps: [elsewhere] }),
    /there is no such name \(NXDOMAIN\); put both into one network: causeway network connect$/,
  );
  const silent = { ...server, outcome: "silent", milliseconds: 1500 } as const;
  assert.match(
    conclusion({ ...trace, rcode: "SERVFAIL", steps: [silent, silent] }),
    /nobody could answer \(SERVFAIL\); the name servers do not answer: give others by --dns$/,
  );
});
