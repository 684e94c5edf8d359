import assert from "node:assert/strict";
import { test } from "node:test";
import type { FastifyRequest } from "fastify";
import { defaultLimits } from "../config/index.ts";
import { becomeStream, isStream, Load } from "./overload.ts";

function request() {
  const asked = { raw: {} } as FastifyRequest;
  const listeners: (() => void)[] = [];
  const ended = (listener: () => void) => void listeners.push(listener);
  return { asked, ended, end: () => listeners.forEach((listener) => void listener()) };
}

test("requests are refused while the event loop is late twice in a row, and taken when it is in time again", (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  let now = 0;
  t.mock.method(performance, "now", () => now);
  using load = new Load({ ...defaultLimits, lateness: 1000 });
  const look = (lateness: number) => {
    now += 250 + lateness;
    t.mock.timers.tick(250);
  };
  const take = () => {
    const { asked, ended, end } = request();
    load.take(asked, ended);
    end();
  };
  look(1001);
  take();
  look(0);
  look(1001);
  take();
  look(1001);
  assert.throws(take, { status: 503, code: "overloaded", message: /more to do than it can/ });
  look(1000);
  take();
});

test("a request counts until it has ended, a stream among the streams", () => {
  using load = new Load({ ...defaultLimits, requests: 1, streams: 1 });
  const [first, second, third] = [request(), request(), request()];
  const take = ({ asked, ended }: typeof first) => load.take(asked, ended);
  take(first);
  assert.throws(() => take(second), { code: "overloaded", message: /1 requests/ });
  becomeStream(first.asked);
  assert.deepEqual([isStream(first.asked), isStream(second.asked)], [true, false]);
  take(second);
  assert.throws(() => becomeStream(second.asked), { code: "overloaded", message: /1 streams/ });
  second.end();
  first.end();
  take(third);
  becomeStream(third.asked);
  third.end();
  take(request());
});
