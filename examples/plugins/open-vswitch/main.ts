// Serves the plugin "open-vswitch" on /run/docker/plugins/open-vswitch.sock, or on the socket that systemd hands over, until SIGTERM.
// It runs on the host that ovs-vswitchd and dockerd run on.
//
//   sudo npx node examples/plugins/open-vswitch/main.ts [--db SOCKET] [--datapath netdev|system] [--socket SOCKET]

import { parseArgs } from "node:util";
import { servePlugin } from "@causeway/plugin-sdk";
import { openVswitch } from "./driver.ts";
import { Ovsdb } from "./ovsdb.ts";

const { values } = parseArgs({
  options: {
    db: { type: "string", default: "/run/openvswitch/db.sock" },
    datapath: { type: "string", default: "system" },
    socket: { type: "string" },
  },
});
using database = new Ovsdb(values.db);
await using server = await servePlugin(
  { name: "open-vswitch", network: openVswitch(database, values.datapath) },
  values.socket === undefined ? {} : { socket: values.socket },
);
const ended = server.untilSignal();
console.log(server.url);
await ended;
