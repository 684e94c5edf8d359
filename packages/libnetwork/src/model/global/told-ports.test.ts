import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Balancer, LedPort, LedPortsChange } from "../../contracts/balancing.ts";
import { ToldPorts } from "./told-ports.ts";

const port = (number: number, ...members: readonly string[]): LedPort => ({
  protocol: "tcp",
  port: number,
  targets: members.map((address) => ({ address, port: 80 })),
});

const numbers = (ports: readonly LedPort[]) => ports.map((one) => one.port);

/** Writes down what it is told. */
class Listener implements Pick<Balancer, "settleLed" | "changeLed" | "isLed"> {
  readonly heard: string[] = [];
  fails = false;
  stands = true;
  done: "some" | "all" = "some";

  settleLed(_place: "host", all: readonly LedPort[]): void {
    this.#hear(`all: ${numbers(all)}`);
  }

  changeLed(_place: "host", { add, alter, remove }: LedPortsChange, all: readonly LedPort[]) {
    this.#hear(`+${numbers(add)} *${numbers(alter)} -${numbers(remove)} of ${numbers(all)}`);
    return this.done;
  }

  isLed(): boolean {
    return this.stands;
  }

  #hear(what: string): void {
    if (this.fails) throw new Error(`not ${what}`);
    this.heard.push(what);
  }
}

describe("what a place was told of its ports", () => {
  const scene = () => {
    const listener = new Listener();
    const told = new ToldPorts(listener as unknown as Balancer);
    const tell = (...ports: readonly LedPort[]) => numbers(told.tell("host", ports));
    return { listener, told, tell };
  };

  it("is all of it at first, and then what differs", () => {
    const { listener, tell } = scene();
    assert.deepEqual(tell(port(1, "a"), port(2, "b")), [1, 2]);
    assert.deepEqual(tell(port(2, "b"), port(1, "a")), []);
    assert.deepEqual(tell(port(1, "a", "b"), port(3, "c")), [3, 1]);
    assert.deepEqual(tell(port(3, "d"), port(1, "b", "a")), [3, 1]);
    assert.deepEqual(tell(port(1, "b", "a")), []);
    assert.deepEqual(listener.heard, ["all: 1,2", "+3 *1 -2 of 1,3", "+ *3,1 - of 3,1", "+ * -3 of 1"]);
  });

  it("leaves out what leads nowhere, and what another has", () => {
    const { listener, tell } = scene();
    tell(port(1), port(2, "b"), port(2, "c"));
    tell(port(1, "a"), port(2));
    assert.deepEqual(listener.heard, ["all: 2", "+1 * -2 of 1"]);
  });

  it("is all of it where none were led, or none are to be", () => {
    const { listener, tell } = scene();
    tell();
    tell(port(1));
    tell(port(1, "a"));
    tell();
    assert.deepEqual(listener.heard, ["all: ", "all: 1", "all: "]);
  });

  it("is answered whole where somebody had altered it", () => {
    const { listener, tell } = scene();
    tell(port(1, "a"), port(2, "b"));
    listener.done = "all";
    assert.deepEqual(tell(port(1, "c"), port(2, "b")), [1, 2]);
  });

  it("is all of it again after something that failed", () => {
    const { listener, told, tell } = scene();
    assert.ok(told.isAsTold("host"));
    tell(port(1, "a"), port(2, "b"));
    listener.stands = false;
    assert.ok(!told.isAsTold("host"));
    listener.fails = true;
    assert.throws(() => tell(port(1, "a"), port(2, "c")), { message: "not + *2 - of 1,2" });
    assert.ok(!told.isAsTold("host"), "what it was to be told is not there");
    listener.fails = false;
    listener.stands = true;
    tell(port(1, "a"), port(2, "c"));
    assert.ok(told.isAsTold("host"));
    assert.deepEqual(listener.heard, ["all: 1,2", "all: 1,2"]);
  });
});
