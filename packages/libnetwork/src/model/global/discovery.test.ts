import assert from "node:assert/strict";
import { test } from "node:test";
import type { Driver } from "../../contracts/driver.ts";
import type { ClusterHost } from "../../contracts/overlay.ts";
import { Discovery } from "./discovery.ts";

const host = (id: string): ClusterHost => ({ id, name: id, address: `192.0.2.${id}` });

test("drivers that want to know are told of hosts, of those that are there at first, and which is this one", () => {
  const discovery = new Discovery("1");
  discovery.came(host("1"));
  const told: string[] = [];
  const note = (call: string) => (found: ClusterHost, isSelf: boolean) => {
    told.push(`${call} ${found.address} ${isSelf}`);
  };
  const driver = { discoverNew: note("new"), discoverDelete: note("delete") } as unknown as Driver;
  discovery.introduce(driver);
  discovery.introduce(driver);
  discovery.introduce({} as Driver);
  discovery.came(host("2"));
  discovery.went(host("2"));
  discovery.introduce({ ...driver, discoverDelete: undefined } as unknown as Driver);
  assert.deepEqual(told, [
    "new 192.0.2.1 true",
    "new 192.0.2.2 false",
    "delete 192.0.2.2 false",
    "new 192.0.2.1 true",
  ]);
});
