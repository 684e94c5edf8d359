// Serves the plugin "file-ipam" on /run/docker/plugins/file-ipam.sock, or on the socket that systemd hands over, until SIGTERM.
//
//   sudo npx node examples/plugins/file-ipam/main.ts addresses.txt leases.json

import { servePlugin } from "@causeway/plugin-sdk";
import { fileIpam } from "./ipam.ts";

const [addresses, leases, socket] = process.argv.slice(2);
if (addresses === undefined || leases === undefined) {
  console.error(
    "main.ts ADDRESSES LEASES [SOCKET]: the file of addresses, the file for leases, and where to listen",
  );
  process.exit(2);
}

await using server = await servePlugin(
  { name: "file-ipam", ipam: fileIpam(addresses, leases) },
  {
    ...(socket !== undefined && { socket }),
    onCall: ({ method, error }) => {
      if (error !== undefined) console.error(`${method}: ${error instanceof Error ? error.message : error}`);
    },
  },
);
const ended = server.untilSignal();
console.log(server.url);
await ended;
