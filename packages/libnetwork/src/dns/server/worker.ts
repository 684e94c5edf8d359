/**
 * The resolver's thread: waits, and answers.
 */
import { workerData } from "node:worker_threads";
import { closeLingering, EPOLLIN } from "@causeway/kernel";
import { QueryForwarder } from "../upstream/forwarder.ts";
import { PooledRandomNumbers } from "../upstream/random.ts";
import { Complaints } from "./complaints.ts";
import { ConnectionLimit } from "./connection-limit.ts";
import { descriptorLimit } from "./descriptor-limit.ts";
import { Inbox } from "./inbox.ts";
import { Loop } from "./loop.ts";
import type { Said, WorkerSetup } from "./protocol.ts";
import { ServedNames } from "./served-names.ts";
import { makeBatch } from "./udp.ts";

const { port, memory, counts, wakeFd, hostNamespaceFd, settings } = workerData as WorkerSetup;
/** Sockets of one sort, of all sandboxes together: a process with few descriptors has others to open. */
const mostSockets = Math.min(4096, Math.floor(descriptorLimit() / 4));
/** Descriptors are the process's: what the thread opened is closed however it ends. */
using opened = new DisposableStack();
opened.defer(() => port.close());
opened.defer(closeLingering);
const loop = opened.use(new Loop());
// Not process.emitWarning(): the thread never has the time to write what is piled up there.
const complaints = new Complaints(
  () => loop.timers.now(),
  (message) => port.postMessage({ kind: "wrong", message } satisfies Said),
);
const warn = (error: unknown) => complaints.add(error);
const inbox = new Inbox(port, new Int32Array(memory), wakeFd, (order) => names.obey(order), warn);
const names: ServedNames = opened.use(
  new ServedNames(
    {
      loop,
      batch: makeBatch(),
      catchUp: () => inbox.catchUp(),
      connections: new ConnectionLimit(mostSockets),
      later: (milliseconds, action) => loop.timers.at(loop.timers.now() + milliseconds, action),
    },
    hostNamespaceFd,
    settings,
    (channels) =>
      new QueryForwarder(
        { clock: loop.timers, channels, random: new PooledRandomNumbers() },
        { ...settings, exchanges: mostSockets },
      ),
    (said) => port.postMessage(said satisfies Said),
  ),
);
const published = names.countIn(counts);
loop.watch(wakeFd, EPOLLIN, inbox);
loop.run(() => {
  inbox.catchUp();
  published.publish();
  return names.hasEnded || inbox.isEnding;
}, warn);
