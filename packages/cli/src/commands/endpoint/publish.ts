/**
 * causeway endpoint publish
 */
import type { Binding } from "@causeway/daemon/api";
import { path } from "../../client/client.ts";
import type { CommandDefinition } from "../../command.ts";
import { bindingText, publishedPort } from "../ports.ts";
import { endpointHelp, findEndpoint } from "./find.ts";

export const publish: CommandDefinition = {
  define: (command) =>
    command.argument("<endpoint>", endpointHelp).argument("<port...>", "[[ADDRESS:]HOST:]PORT[/PROTOCOL]"),
  examples: [
    { line: "causeway endpoint publish web 8080:80", says: "port 8080 of the host leads to its port 80" },
    { line: "causeway endpoint publish web 127.0.0.1::53/udp", says: "a free port, for the host itself" },
  ],
  completes: ["endpoint", "none"],
  async run({ client, output, args: [reference = "", ...ports] }) {
    const body = { ports: ports.map(publishedPort) };
    const { id } = await findEndpoint(client, reference);
    const { bindings } = await client.post<{ bindings: Binding[] }>(path("endpoints", id, "publish"), body);
    for (const binding of bindings) output.write(`${bindingText(binding)}\n`);
    return undefined;
  },
};
