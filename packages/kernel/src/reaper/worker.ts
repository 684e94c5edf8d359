/**
 * The reaper's thread: does what it is told, and answers.
 */
import { parentPort, workerData } from "node:worker_threads";
import { NetNamespace } from "../sys/namespace.ts";
import { endOfWork, type Order, type WorkerSetup } from "./protocol.ts";
import { ReaperWork } from "./work.ts";

if (parentPort === null) throw new Error("this file is the reaper's worker thread: use Reaper");
const port = parentPort;
const { namespaceFd } = workerData as WorkerSetup;
const namespace = NetNamespace.ofFd(namespaceFd);
const work = new ReaperWork(namespace, (outcomes) => port.postMessage(outcomes));

port.on("message", (order: Order) => {
  if (order !== endOfWork) return void work.add(order);
  work[Symbol.dispose]();
  namespace[Symbol.dispose]();
  port.close();
});
