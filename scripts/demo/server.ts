// A web server on port 80, IPv4 and IPv6, that tells everybody from which address it sees them come.

import { createServer } from "node:http";

const server = createServer((request, response) => {
  // An IPv4 address in IPv6's clothes: one socket serves both.
  response.end(request.socket.remoteAddress?.replace("::ffff:", ""));
});
server.listen(80, "::", () => console.log("listening"));
