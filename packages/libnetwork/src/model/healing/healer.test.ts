import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { eventually } from "../../../../../test/support/eventually.ts";
import type { Patient } from "../../contracts/healing.ts";
import type { HealthItem } from "../../contracts/health.ts";
import type { Hint, HostWatch } from "../../contracts/host-watch.ts";
import { Engine, type ModelParts } from "../engine.ts";
import { enginePatient } from "./engine-patient.ts";
import { Healer } from "./healer.ts";

class FakeWatch implements HostWatch {
  closed = false;
  tell: (hints: readonly Hint[]) => void = () => undefined;

  start(tell: (hints: readonly Hint[]) => void): void {
    this.tell = tell;
  }

  close(): void {
    this.closed = true;
  }
}

const item = (code: string, repairable = true): HealthItem => ({
  code,
  nature: "missing",
  subject: { kind: "firewall" },
  message: `${code} is wrong`,
  mend: "mend it",
  repairable,
});

/** A healer of which the test is doctor, and what it tells. */
function scene(doctor: Partial<Pick<Patient, "inspect" | "mend">>) {
  const engine = new Engine({ drivers: new Map() } as unknown as ModelParts);
  const watch = new FakeWatch();
  const healer = new Healer(
    { ...enginePatient(engine), inspect: async () => [], mend: async () => [], ...doctor },
    watch,
  );
  const told: string[] = [];
  const listening = (async () => {
    for await (const { type, id, attributes } of engine.events.subscribe()) {
      told.push([type, id, attributes.codes ?? attributes.unheard].join(" "));
    }
  })();
  const end = async () => {
    await healer.close();
    engine.events.close();
    await listening;
    return told;
  };
  return { watch, healer, told, end };
}

const firewall: Hint = { about: "firewall" };

describe("healer", () => {
  it("looks, mends and tells", async () => {
    let broken = true;
    const { watch, told, end } = scene({
      inspect: async () => (broken ? [item("a"), item("b")] : []),
      mend: async () => {
        broken = false;
        return [];
      },
    });
    watch.tell([firewall, firewall]);
    await eventually(() => assert.equal(told.length, 2));
    assert.deepEqual(await end(), ["health:noticed firewall a,b", "health:mended firewall a,b"]);
    assert.ok(watch.closed);
  });

  it("says nothing of false alarms", async () => {
    let looks = 0;
    const { watch, end } = scene({
      inspect: async () => {
        looks++;
        return [];
      },
    });
    watch.tell([
      firewall,
      { about: "host" },
      { about: "object", id: "nobody" },
      { about: "link", name: "eth0" },
    ]);
    await eventually(() => assert.equal(looks, 2));
    assert.deepEqual(await end(), []);
  });

  it("tells once of what cannot be mended, and of what is not heard", async () => {
    let looks = 0;
    const { watch, end } = scene({
      inspect: async () => {
        looks++;
        return [item("lost", false)];
      },
    });
    watch.tell([firewall, { about: "nothing", unheard: "files", reason: "no more watches" }]);
    await eventually(() => assert.equal(looks, 1));
    watch.tell([firewall]);
    await eventually(() => assert.equal(looks, 2));
    assert.deepEqual(await end(), ["health:unheard host files", "health:noticed firewall lost"]);
  });

  it("tries again what it could not mend, and whoever fails", async () => {
    let attempts = 0;
    const { watch, told, end } = scene({
      inspect: async () => [item("a")],
      mend: async () => {
        attempts++;
        if (attempts === 1) throw new Error("the disk is full");
        return attempts === 2 ? [item("a")] : [];
      },
    });
    watch.tell([firewall]);
    await eventually(() => assert.ok(told.includes("health:mended firewall a")));
    await end();
    assert.equal(attempts, 3);
  });

  it("tells again of what cannot be mended, where it had gone meanwhile", async () => {
    const answers = [[item("taken", false)], [], [item("taken", false)]];
    let looks = 0;
    const { watch, end } = scene({ inspect: async () => answers[looks++] ?? [] });
    for (let look = 1; look <= answers.length; look++) {
      watch.tell([firewall]);
      await eventually(() => assert.equal(looks, look));
    }
    assert.deepEqual(await end(), ["health:noticed firewall taken", "health:noticed firewall taken"]);
  });

  it("has the rest let go of where something is lost, though nothing can be mended", async () => {
    let mends = 0;
    const { watch, end } = scene({
      inspect: async () => [{ ...item("sandbox_lost", false), nature: "lost" }],
      mend: async () => {
        mends++;
        return [];
      },
    });
    watch.tell([firewall]);
    await eventually(() => assert.equal(mends, 1));
    assert.deepEqual(await end(), ["health:noticed firewall sandbox_lost"]);
  });

  it("waits longer each time where it cannot even look", async () => {
    const looks: number[] = [];
    const { watch, end } = scene({
      inspect: async () => {
        looks.push(performance.now());
        throw new Error("no descriptor");
      },
    });
    watch.tell([firewall]);
    await eventually(() => assert.equal(looks.length, 3));
    await end();
    const [first = 0, second = 0, third = 0] = looks;
    assert.ok(second - first > 240 && third - second > 490, looks.join());
  });

  it("waits at its end for what is being mended, and begins nothing more", async () => {
    const { promise, resolve } = Promise.withResolvers<readonly HealthItem[]>();
    let mends = 0;
    const { watch, healer } = scene({
      inspect: async () => [item("a")],
      mend: () => {
        mends++;
        return promise;
      },
    });
    watch.tell([firewall]);
    await eventually(() => assert.equal(mends, 1));
    let closed = false;
    const closing = healer.close().then(() => {
      closed = true;
    });
    watch.tell([{ about: "host" }]);
    await new Promise((done) => setImmediate(done));
    assert.ok(!closed);
    resolve([]);
    await closing;
    assert.equal(mends, 1);
  });
});
