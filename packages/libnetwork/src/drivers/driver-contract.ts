/**
 * The contract suite of {@link Driver}: every driver passes it, built-in or not. Call {@link driverContract} in a test file.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, type TestContext, test } from "node:test";
import type {
  Driver,
  EndpointSpec,
  EndpointState,
  InterfacePlan,
  NetworkSpec,
  SandboxKey,
} from "../contracts/driver.ts";

export interface DriverUnderTest {
  /** A driver that shares nothing with those made before; what it holds is let go of after the test. */
  readonly open: (t: TestContext) => DriverSetting | Promise<DriverSetting>;
  /** Options that make a network, and options of the same names that do not. */
  readonly options: {
    readonly good: Readonly<Record<string, unknown>>;
    readonly bad: Readonly<Record<string, unknown>>;
    /** Names that it does not know are somebody else's to refuse. Default: false. */
    readonly anyName?: boolean;
  };
}

/** A driver with the world that it works on. */
export interface DriverSetting {
  readonly driver: Driver;
  /** Another driver on the same world, after the first was closed: as when a controller opens again. */
  readonly reopen: () => Driver;
  /** What there is of the driver's making: empty when nothing is left, the same when nothing was changed. */
  readonly world: () => readonly string[] | Promise<readonly string[]>;
  /** Makes in the sandbox what a join has planned: the model's part. */
  readonly makeInterface: (plan: InterfacePlan, spec: EndpointSpec) => void;
}

const newId = () => randomBytes(32).toString("hex");

/** Declares the tests. */
export function driverContract(title: string, subject: DriverUnderTest): void {
  describe(`${title} keeps the driver contract`, () => {
    declareNetworkTests(subject);
    declareEndpointTests(subject);
    declareRestoreTests(subject);
  });
}

function networkSpec(driver: Driver, options: Readonly<Record<string, unknown>> = {}): NetworkSpec {
  const base = { id: newId(), name: "n", internal: false, options };
  if (driver.traits.addressless) return { ...base, ipv4: [], ipv6: [] };
  const data = (pool: string, gateway: string) => {
    return [{ addressSpace: "local", pool, gateway, auxiliaryAddresses: {} }];
  };
  return {
    ...base,
    ipv4: data("172.30.1.0/24", "172.30.1.1/24"),
    ipv6: data("fd00:1::/64", "fd00:1::1/64"),
  };
}

function endpointSpec(driver: Driver, { id: networkId }: NetworkSpec): EndpointSpec {
  const { addressless } = driver.traits;
  const addresses = { ipv4: "172.30.1.2/24", ipv6: "fd00:1::2/64" };
  return {
    id: newId(),
    networkId,
    name: "e",
    interface: {
      mac: "02:42:ac:1e:01:02",
      ...(addressless ? { ipv4: undefined, ipv6: undefined } : addresses),
    },
    options: {},
    publish: addressless ? [] : [{ protocol: "tcp", containerPort: 80, hostPort: 8080 }],
    macChosen: false,
    exposedPorts: [],
  };
}

const sandbox: SandboxKey = { sandboxId: newId(), path: "/nowhere" };

function declareNetworkTests({ open, options }: DriverUnderTest): void {
  test("says what it is", async (t) => {
    const { driver } = await open(t);
    assert.match(driver.type, /^[a-z]+$/);
    assert.ok(["local", "global"].includes(driver.scope));
  });

  test("checks options before anything is made, and changes nothing by it", async (t) => {
    const { driver, world } = await open(t);
    const before = await world();
    driver.validateNetwork(networkSpec(driver, options.good));
    for (const bad of [options.bad, ...(options.anyName === true ? [] : [{ "no such option": 1 }])]) {
      assert.throws(() => driver.validateNetwork(networkSpec(driver, bad)), { kind: "invalid" });
    }
    assert.deepEqual(await world(), before);
  });

  test("refuses in createNetwork what validateNetwork refuses, and leaves nothing", async (t) => {
    const { driver, world } = await open(t);
    const before = await world();
    if (driver.traits.singleton) return;
    await assert.rejects(async () => driver.createNetwork(networkSpec(driver, options.bad)), {
      kind: "invalid",
    });
    assert.deepEqual(await world(), before);
  });

  test("makes a network and takes all of it away, and can do so again", async (t) => {
    const { driver, world } = await open(t);
    const before = await world();
    for (let round = 0; round < 2; round++) {
      const spec = networkSpec(driver, options.good);
      const state = await driver.createNetwork(spec);
      assert.deepEqual(JSON.parse(JSON.stringify(state)), state, "what it wants stored is plain data");
      await driver.deleteNetwork(spec.id);
    }
    assert.deepEqual(await world(), before);
  });

  test("deleting a network that it does not know is no error", async (t) => {
    const { driver } = await open(t);
    await driver.deleteNetwork(newId());
  });
}

function declareEndpointTests({ open, options }: DriverUnderTest): void {
  test("an endpoint comes, joins, leaves, joins again and goes, and nothing is left of it", async (t) => {
    const { driver, world, makeInterface } = await open(t);
    const network = networkSpec(driver, options.good);
    await driver.createNetwork(network);
    const before = await world();
    const spec = endpointSpec(driver, network);
    const state = await driver.createEndpoint(spec);
    assert.deepEqual(JSON.parse(JSON.stringify(state)), state);
    for (let round = 0; round < 2; round++) {
      const answer = await driver.join(network.id, spec.id, sandbox);
      assert.deepEqual(JSON.parse(JSON.stringify(answer)), JSON.parse(JSON.stringify({ ...answer })));
      if (driver.traits.addressless) assert.equal(answer.interface, undefined);
      if (answer.interface !== undefined) makeInterface(answer.interface.plan, spec);
      assert.equal(typeof (await driver.endpointOperInfo(network.id, spec.id)), "object");
      await driver.leave(network.id, spec.id);
    }
    await driver.deleteEndpoint(network.id, spec.id);
    assert.deepEqual(await world(), before);
    await driver.deleteNetwork(network.id);
  });

  test("leaving half way is leaving: the interface was never made", async (t) => {
    const { driver, world } = await open(t);
    const network = networkSpec(driver, options.good);
    await driver.createNetwork(network);
    const spec = endpointSpec(driver, network);
    await driver.createEndpoint(spec);
    const before = await world();
    await driver.join(network.id, spec.id, sandbox);
    await driver.leave(network.id, spec.id);
    await driver.leave(network.id, spec.id);
    assert.deepEqual(await world(), before);
    await driver.deleteEndpoint(network.id, spec.id);
    await driver.deleteEndpoint(network.id, spec.id);
    await driver.deleteNetwork(network.id);
  });

  test("does not know endpoints of elsewhere", async (t) => {
    const { driver } = await open(t);
    if (driver.traits.singleton) return;
    const network = networkSpec(driver, options.good);
    await driver.createNetwork(network);
    const unknown = newId();
    await assert.rejects(async () => driver.join(network.id, unknown, sandbox), { kind: "not_found" });
    await assert.rejects(
      async () => driver.createEndpoint({ ...endpointSpec(driver, network), networkId: unknown }),
      {
        kind: "not_found",
      },
    );
    await driver.deleteNetwork(network.id);
  });

  test("publishes and takes back what it publishes, joined or not", async (t) => {
    const { driver, world, makeInterface } = await open(t);
    const { publish, unpublish } = driver;
    if (publish === undefined || unpublish === undefined) {
      assert.equal(publish, unpublish, "both or none");
      return;
    }
    const network = networkSpec(driver, options.good);
    await driver.createNetwork(network);
    const spec = endpointSpec(driver, network);
    const { bindings: first } = await driver.createEndpoint(spec);
    assert.deepEqual(
      first.map(({ containerPort, hostPort }) => [containerPort, hostPort]),
      first.map(() => [80, 8080]),
    );
    for (const joined of [false, true]) {
      if (joined) {
        const answer = await driver.join(network.id, spec.id, sandbox);
        if (answer.interface !== undefined) makeInterface(answer.interface.plan, spec);
      }
      const before = await world();
      const mapping = { protocol: "udp", containerPort: 53, hostPort: 5353 } as const;
      const { bindings }: EndpointState = await publish.call(driver, network.id, spec.id, [mapping]);
      assert.deepEqual(bindings.slice(0, first.length), first);
      await assert.rejects(async () => publish.call(driver, network.id, spec.id, [mapping]), {
        code: "port_in_use",
      });
      const added = bindings.slice(first.length);
      assert.ok(added.length > 0);
      const left: EndpointState = await unpublish.call(driver, network.id, spec.id, added);
      assert.deepEqual(left.bindings, first);
      assert.deepEqual(await world(), before);
    }
    await driver.leave(network.id, spec.id);
    await driver.deleteEndpoint(network.id, spec.id);
    await driver.deleteNetwork(network.id);
  });
}

function declareRestoreTests({ open, options }: DriverUnderTest): void {
  test("takes up after a restart what it made, and finishes it", async (t) => {
    const { driver, reopen, world, makeInterface } = await open(t);
    const empty = await world();
    const network = networkSpec(driver, options.good);
    const state = await driver.createNetwork(network);
    const free = endpointSpec(driver, network);
    const freeState = await driver.createEndpoint(free);
    const joined = { ...endpointSpec(driver, network), publish: [] };
    const joinedState = await driver.createEndpoint(joined);
    const answer = await driver.join(network.id, joined.id, sandbox);
    if (answer.interface !== undefined) makeInterface(answer.interface.plan, joined);
    const before = await world();
    await driver.close();

    const again = reopen();
    await again.restoreNetwork(network, JSON.parse(JSON.stringify(state)));
    await again.restoreEndpoint(free, JSON.parse(JSON.stringify(freeState)), false);
    await again.restoreEndpoint(joined, JSON.parse(JSON.stringify(joinedState)), true);
    assert.deepEqual(await world(), before);
    assert.deepEqual(
      await again.endpointOperInfo(network.id, joined.id),
      await driver.endpointOperInfo(network.id, joined.id),
    );
    await again.leave(network.id, joined.id);
    await again.deleteEndpoint(network.id, joined.id);
    await again.deleteEndpoint(network.id, free.id);
    await again.deleteNetwork(network.id);
    assert.deepEqual(await world(), empty);
  });
}
