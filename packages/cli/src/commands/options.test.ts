import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseAddress } from "../client/address.ts";
import { familiarWords } from "../words.ts";
import { pairs, strictPairs, timeOf, wholeNumber } from "./options.ts";
import { bindingSelector, publishedPort } from "./ports.ts";
import { bytesText, trafficOf } from "./system/rates.ts";

describe("ports", () => {
  for (const [text, expected] of [
    ["80", { containerPort: 80 }],
    ["8080:80", { containerPort: 80, hostPort: 8080 }],
    ["8080:80/UDP", { containerPort: 80, hostPort: 8080, protocol: "udp" }],
    ["127.0.0.1::53/udp", { containerPort: 53, hostAddress: "127.0.0.1", protocol: "udp" }],
    ["[::1]:8080:80", { containerPort: 80, hostAddress: "::1", hostPort: 8080 }],
    ["8000-8002:80-82", { containerPort: 80, containerPortEnd: 82, hostPort: 8000, hostPortEnd: 8002 }],
  ] as const) {
    test(text, () => assert.deepEqual(publishedPort(text), expected));
  }

  for (const text of ["", "x", "0", "65536", "82-80", "80/icmp", "1:2:3:4:80", "::1:80:80", "-", "80-"]) {
    test(`"${text}" is refused`, () => assert.throws(() => publishedPort(text), { exitCode: 2 }));
  }

  test("a range is not taken back at once", () => {
    assert.throws(() => bindingSelector("80-82"), /one by one/);
  });
});

test("addresses of daemons", () => {
  assert.deepEqual(parseAddress(undefined), { kind: "unix", path: "/run/causeway/causeway.sock" });
  assert.deepEqual(parseAddress("unix:///a b"), { kind: "unix", path: "/a b" });
  assert.deepEqual(parseAddress("tcp://h"), { kind: "tls", host: "h", port: 2376 });
  assert.deepEqual(parseAddress("tcp://[::1]:99"), { kind: "tls", host: "::1", port: 99 });
  for (const text of ["unix://x", "http://x", "tcp://", "x"]) {
    assert.throws(() => parseAddress(text), { exitCode: 2 });
  }
});

test("pairs", () => {
  assert.deepEqual(pairs(["a=1=2", "b", "c="]), { a: "1=2", b: "", c: "" });
  assert.throws(() => strictPairs("--opt", ["b"]), /--opt "b" is not of the form name=value/);
  assert.throws(() => wholeNumber("1.5"), { exitCode: 2 });
});

test("times are times, seconds since 1970, or how long ago", () => {
  assert.equal(timeOf("2026-01-01T00:00:00Z"), Date.UTC(2026, 0, 1));
  assert.equal(timeOf("12.5"), 12_500);
  assert.equal(timeOf("1h30m", 10_000_000), 10_000_000 - 5_400_000);
  assert.equal(timeOf("0s", 7), 7);
  assert.throws(() => timeOf("soon"), { exitCode: 2 });
});

test("words of Docker's users, of networks alone", () => {
  assert.deepEqual(familiarWords(["network", "create", "--ipv4=false", "--internal=true", "--force=false"]), [
    ...["network", "create", "--no-ipv4", "--internal"],
  ]);
  assert.deepEqual(familiarWords(["run", "x", "--internal=true"]), ["run", "x", "--internal=true"]);
  assert.deepEqual(familiarWords(["help", "network", "ls"]), ["network", "ls", "--help"]);
});

test("rates are of two looks; who came since, or counts from nothing, has none below zero", () => {
  const counters = (rxBytes: string) => ({
    ...{ rxBytes, rxPackets: "1", rxErrors: "1", rxDropped: "2" },
    ...{ txBytes: "0", txPackets: "0", txErrors: "0", txDropped: "0" },
  });
  const sample = (time: number, eth0: string, more = {}) => ({
    time,
    sandboxes: [
      { sandbox: "s", containerId: "c", name: "web", interfaces: { eth0: counters(eth0), ...more } },
    ],
  });
  const [eth0, eth1] = trafficOf(sample(2000, "3000", { eth1: counters("7") }), sample(1000, "1000"));
  assert.equal(eth0?.rxRate, 2000);
  assert.equal(eth0?.faults, 3n);
  assert.equal(eth1?.rxRate, undefined);
  assert.equal(trafficOf(sample(2000, "1"), sample(1000, "1000"))[0]?.rxRate, 0);
  assert.deepEqual([999n, 1000, 1234567, 0].map(bytesText), ["999B", "1kB", "1.23MB", "0B"]);
});
