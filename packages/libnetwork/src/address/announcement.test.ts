import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { arp, BROADCAST, ETHERTYPE, frame, icmpv6 } from "../../../../test/support/frames.ts";
import { announcementOf } from "./announcement.ts";
import { parseIp } from "./ip.ts";
import { parseMac } from "./mac.ts";

const mac = "02:42:0a:07:00:03";

describe("announcements", () => {
  it("ask for their own address by ARP", () => {
    const question = {
      operation: 1,
      senderMac: mac,
      senderAddress: "10.7.0.3",
      targetAddress: "10.7.0.3",
    } as const;
    assert.deepEqual(announcementOf("10.7.0.3", mac), frame(BROADCAST, mac, ETHERTYPE.arp, arp(question)));
  });

  it("advertise an IPv6 address to all nodes, in the place of what they remember", () => {
    const option = [2, 1, ...parseMac(mac)];
    const body = Buffer.from([0x20, 0, 0, 0, ...parseIp("fd00:7::3").bytes(), ...option]);
    const packet = icmpv6("fd00:7::3", "ff02::1", 136, body);
    assert.deepEqual(
      announcementOf("fd00:7::3", mac),
      frame("33:33:00:00:00:01", mac, ETHERTYPE.ipv6, packet),
    );
  });
});
