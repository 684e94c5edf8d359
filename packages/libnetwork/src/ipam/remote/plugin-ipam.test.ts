import assert from "node:assert/strict";
import { it } from "node:test";
import type { RemoteIpam } from "@causeway/plugin-sdk";
import { gatewayAddressType, replayedAddressType, requestAddressType } from "../../contracts/ipam.ts";
import { PluginIpam } from "./plugin-ipam.ts";

it("a plugin is told the options that are of the protocol, and null where there are none", async () => {
  const told: unknown[] = [];
  const remote = {
    client: { name: "mynet" },
    requestAddress: async ({ Options }: { readonly Options: unknown }) => {
      told.push(Options);
      return { Address: "10.1.0.2/24", Data: {} };
    },
  };
  const ipam = new PluginIpam(remote as unknown as RemoteIpam);
  const gateway = { [requestAddressType]: gatewayAddressType };
  await ipam.requestAddress({ poolId: "p" });
  await ipam.requestAddress({ poolId: "p", options: gateway });
  await ipam.requestAddress({
    poolId: "p",
    address: "10.1.0.2",
    options: { [requestAddressType]: replayedAddressType },
  });
  assert.deepEqual(
    told,
    [null, gateway, null],
    "that it is claimed again is between the model and our own IPAM",
  );
});
