// A process on the underlay that reads what the cluster has stored, and asks etcd's members how they are. `node observer.ts ENDPOINTS`, JSON.

import { once } from "node:events";
import { EtcdStore } from "../../packages/libnetwork/src/store/etcd/etcd-store.ts";
import { checkClusterOptions } from "../../packages/libnetwork/src/store/etcd/options.ts";
import type { Answer } from "./orders.ts";

export type Question =
  /** The records of a kind. */
  | { readonly do: "list"; readonly kind: string }
  /** What a member says of its health. */
  | { readonly do: "fetch"; readonly url: string };

const endpoints = JSON.parse(process.argv[2] ?? "") as readonly string[];
let store: EtcdStore | undefined;
process.on("message", (message) => {
  const { order, what } = message as { readonly order: number; readonly what: Question };
  void answer(order, what);
});
process.send?.({ order: 0 } satisfies Answer);
await once(process, "disconnect");
process.exit();

async function answer(order: number, what: Question): Promise<void> {
  let told: Answer;
  try {
    told = { order, value: await (what.do === "list" ? list(what.kind) : read(what.url)) };
  } catch (error) {
    told = { order, failure: { code: "none", message: String(error) } };
  }
  if (process.connected) process.send?.(told);
}

async function list(kind: string) {
  store ??= await EtcdStore.open(checkClusterOptions({ etcd: endpoints }));
  return store.list(kind);
}

async function read(url: string): Promise<string> {
  const answer = await fetch(url, { headers: { connection: "close" }, signal: AbortSignal.timeout(2000) });
  return answer.text();
}
