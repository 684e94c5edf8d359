// Serves the plugin "static-routes" on /run/docker/plugins/static-routes.sock, or on the socket that systemd hands over, until SIGTERM.
//
//   sudo npx node examples/plugins/static-routes/main.ts

import { servePlugin } from "@causeway/plugin-sdk";
import { staticRoutes } from "./driver.ts";

const [socket] = process.argv.slice(2);
await using server = await servePlugin(
  { name: "static-routes", network: staticRoutes },
  socket === undefined ? {} : { socket },
);
const ended = server.untilSignal();
console.log(server.url);
await ended;
