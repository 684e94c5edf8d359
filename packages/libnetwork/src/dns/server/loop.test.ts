import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EPOLLIN, openEventFd, raiseEvent, settleEvent } from "@causeway/kernel";
import { Loop } from "./loop.ts";

describe("Loop", () => {
  it("visits all that is ready, and what is due, before it rests, and goes on afterwards", () => {
    using loop = new Loop();
    using one = openEventFd();
    using other = openEventFd();
    const visits: string[] = [];
    const visitor = (name: string, fd: number) => ({
      ready: () => {
        settleEvent(fd);
        visits.push(name);
        loop.rest();
        loop.timers.at(loop.timers.now(), () => visits.push(`after ${name}`));
      },
    });
    using _one = loop.watch(one.fd, EPOLLIN, visitor("one", one.fd));
    using _other = loop.watch(other.fd, EPOLLIN, visitor("other", other.fd));
    raiseEvent(one.fd);
    raiseEvent(other.fd);
    loop.run(() => visits.length === 4, assert.ifError);
    assert.deepEqual(visits, ["one", "other", "after one", "after other"]);
    raiseEvent(one.fd);
    loop.run(() => visits.length === 6, assert.ifError);
    assert.deepEqual(visits.slice(4), ["one", "after one"]);
  });
});
