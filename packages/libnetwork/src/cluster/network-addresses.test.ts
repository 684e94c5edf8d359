import assert from "node:assert/strict";
import { test } from "node:test";
import { parseIp } from "../address/ip.ts";
import { SharedMemory } from "../store/shared/memory-shared-store.ts";
import { addressKind } from "./kinds.ts";
import { NetworkAddresses, noteTaken } from "./network-addresses.ts";

const net = "1".repeat(64);

test("an address that is given back before it was told to be taken is free; one that is told is taken until it is told to be free", async () => {
  const store = new SharedMemory().connect();
  const addresses = new NetworkAddresses(store, net);
  const pool = await addresses.pool("10.0.0.0/24", undefined);
  const isTaken = (address: string) => pool.isTaken(parseIp(address));
  noteTaken(pool, "10.0.0.5");
  addresses.gaveBack("10.0.0.5");
  assert.ok(!isTaken("10.0.0.5"));

  const kind = addressKind(net);
  await store.commit([{ op: "put", kind, id: "10.0.0.6", value: {} }]);
  while (!isTaken("10.0.0.6")) await new Promise(setImmediate);
  addresses.gaveBack("10.0.0.6");
  assert.ok(isTaken("10.0.0.6"), "somebody has it, as far as is known");
  await store.commit([{ op: "delete", kind, id: "10.0.0.6" }]);
  while (isTaken("10.0.0.6")) await new Promise(setImmediate);
  addresses.close();
  await store.close();
});
