import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import { openEventFd, raiseEvent, settleEvent } from "./event-fd.ts";
import { failNext, mendAfterEach } from "./test-support.ts";

describe("event descriptors", () => {
  checkLeaks();
  mendAfterEach();

  it("are raised once or often, and settled at once", () => {
    using event = openEventFd();
    assert.equal(settleEvent(event.fd), false);
    raiseEvent(event.fd);
    raiseEvent(event.fd);
    assert.equal(settleEvent(event.fd), true);
    assert.equal(settleEvent(event.fd), false);
  });

  it("are made through signals", () => {
    failNext("eventfd", { code: "EINTR" });
    using event = openEventFd();
    assert.equal(settleEvent(event.fd), false);
  });

  it("are raised where they are as high as they can be, and through signals", () => {
    using event = openEventFd();
    failNext("eventfd_write", { code: "EAGAIN" });
    raiseEvent(event.fd);
    failNext("eventfd_write", { code: "EINTR" });
    raiseEvent(event.fd);
    failNext("eventfd_read", { code: "EINTR" });
    assert.equal(settleEvent(event.fd), true);
  });

  it("tell when they are none", () => {
    const event = openEventFd();
    const fd = event.fd;
    event[Symbol.dispose]();
    assert.throws(() => raiseEvent(fd), { operation: "eventfd_write", code: "EBADF" });
    assert.throws(() => settleEvent(fd), { operation: "eventfd_read", code: "EBADF" });
  });

  it("wake a thread that waits outside of JavaScript", async () => {
    using event = openEventFd();
    const program = `
      import { parentPort, workerData } from "node:worker_threads";
      import { settleEvent } from ${JSON.stringify(new URL("event-fd.ts", import.meta.url).href)};
      import { EPOLLIN, Poller } from ${JSON.stringify(new URL("poller.ts", import.meta.url).href)};
      using poller = new Poller();
      poller.add(workerData, 5, EPOLLIN);
      parentPort.postMessage("waits");
      poller.wait(-1, (token) => parentPort.postMessage([token, settleEvent(workerData)]));
    `;
    const url = new URL(`data:text/javascript,${encodeURIComponent(program)}`);
    const worker = new Worker(url, { workerData: event.fd });
    const messages: unknown[] = [];
    worker.on("message", (message) => {
      messages.push(message);
      if (message === "waits") raiseEvent(event.fd);
    });
    await new Promise((done, fail) => worker.once("exit", done).once("error", fail));
    assert.deepEqual(messages, ["waits", [5, true]]);
  });
});
