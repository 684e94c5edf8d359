// A process of its own for load.bench.ts: a daemon, until it is told to end.
//
// `node load-holder.ts CONFIG` prints `ready` when it answers.

import { Daemon, type DaemonConfig, defaultConfig } from "@causeway/daemon";
import { NftContext } from "@causeway/kernel";
import { pino } from "pino";

new NftContext()[Symbol.dispose]();
const given = JSON.parse(process.argv[2] ?? "{}") as Partial<DaemonConfig>;
const daemon = await Daemon.start({ ...defaultConfig, ...given }, pino({ level: "silent" }));
process.stdout.write("ready");
process.once("SIGTERM", () => void daemon.close());
