/**
 * What is sent, held against what `ip xfrm` of iproute2 6.1 sends (strace -e write=all), its sequence number left out.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ByteWriter } from "../codec/bytes.ts";
import { NLM_F_ACK } from "../netlink/constants.ts";
import { type Request, writeMessage } from "../netlink/message.ts";
import * as policy from "./policy.ts";
import * as state from "./state.ts";

function sent(request: Request): string {
  const writer = new ByteWriter();
  writeMessage(writer, request, NLM_F_ACK, 0);
  return writer.bytes.toString("hex");
}

const zeros = (count: number) => "00".repeat(count);
const header = (length: string, type: string, flags: string) => `${length}0000${type}${flags}${zeros(8)}`;
const noLimits = "ff".repeat(32) + zeros(32);
const noUsage = zeros(32);
const host = { one: `0a000001${zeros(12)}`, two: `0a000002${zeros(12)}` };
const key = Buffer.from(Array.from({ length: 36 }, (_, at) => at));

/** struct xfrm_selector of UDP to port 4793, whoever to whom. */
const anybody = (family: string) =>
  [zeros(32), "12b9ffff00000000", family, "0000", "11", zeros(3), zeros(8)].join("");

/** XFRMA_TMPL: ESP in transport mode, request id 77. */
const template = (family: string) =>
  [
    "44000500",
    ...[zeros(16), "00000000", "32000000", family, "0000", zeros(16), "4d000000", "00000000"],
    "ff".repeat(12),
  ].join("");

/** XFRMA_MARK: 0x5/0xff. */
const mark = "0c00150005000000ff000000";

describe("IPsec on the wire", () => {
  it("a state is added as by `ip xfrm state add ... replay-window 64 flag esn aead ... sel ...`", () => {
    const request = state.add({
      source: "10.0.0.1",
      destination: "10.0.0.2",
      spi: 0x100,
      requestId: 77,
      sequence: 5,
      aead: { algorithm: "rfc4106(gcm(aes))", key, icvBits: 128 },
      replayWindow: 64,
      selector: {
        family: 4,
        source: "10.0.0.1",
        destination: "10.0.0.2",
        protocol: 17,
        destinationPort: 4793,
      },
    });
    const selector = [host.two, host.one, "12b9ffff00000000", "0200", "2020", "11", zeros(3), zeros(8)];
    const expected = [
      header("7c01", "1000", "0506"),
      ...selector,
      ...[host.two, "00000100", "32000000", host.one],
      ...[noLimits, noUsage, zeros(12)],
      ...["05000000", "4d000000", "0200", "00", "00", "80", zeros(7)],
      // XFRMA_ALG_AEAD
      ...["70001200", Buffer.from("rfc4106(gcm(aes))").toString("hex"), zeros(47)],
      ...["20010000", "80000000", key.toString("hex")],
      // XFRMA_REPLAY_ESN_VAL
      ...["1c001700", "02000000", zeros(16), "40000000"],
    ];
    assert.equal(sent(request), expected.join(""));
  });

  it("a state is removed as by `ip xfrm state del`, which repeats the source", () => {
    const expected = [header("2800", "1100", "0500"), host.two, "00000100", "0200", "3200"];
    assert.equal(sent(state.remove({ destination: "10.0.0.2", spi: 0x100 })), expected.join(""));
  });

  it("a policy is added as by `ip xfrm policy add dir out ... priority 9 mark 0x5 mask 0xff tmpl ...`", () => {
    const selector = { family: 4, protocol: 17, destinationPort: 4793 } as const;
    const request = policy.add({
      direction: "out",
      selector,
      priority: 9,
      mark: { value: 5, mask: 0xff },
      templates: [{ requestId: 77 }],
    });
    const expected = [
      header("0801", "1300", "0506"),
      anybody("0200"),
      ...[noLimits, noUsage],
      ...["09000000", "00000000", "01", "00", "00", "00", zeros(4)],
      template("0200"),
      mark,
    ];
    assert.equal(sent(request), expected.join(""));
  });

  it("a policy of IPv6 is added as by `ip xfrm policy add src ::/0 dst ::/0 dir out ... tmpl ...`", () => {
    const selector = { family: 6, protocol: 17, destinationPort: 4793 } as const;
    const request = policy.add({ direction: "out", selector, templates: [{ requestId: 77 }] });
    const expected = [
      header("fc00", "1300", "0506"),
      anybody("0a00"),
      ...[noLimits, noUsage],
      ...["00000000", "00000000", "01", "00", "00", "00", zeros(4)],
      template("0a00"),
    ];
    assert.equal(sent(request), expected.join(""));
  });

  it("a policy is removed as by `ip xfrm policy del dir out ... mark 0x5 mask 0xff`", () => {
    const selector = { family: 4, protocol: 17, destinationPort: 4793 } as const;
    const request = policy.remove({ direction: "out", selector, mark: { value: 5, mask: 0xff } });
    const expected = [header("5c00", "1400", "0500"), anybody("0200"), "00000000", "01", zeros(3), mark];
    assert.equal(sent(request), expected.join(""));
  });
});
