/**
 * causeway oci-hook, where it is not started as the program of its own that it is as a rule (bin/causeway): for its help.
 */
import type { CommandDefinition } from "../command.ts";
import { runHook } from "./hook.ts";

interface Options {
  readonly host?: string;
}

export const ociHook: CommandDefinition<Options> = {
  define: (command) =>
    command.addHelpText(
      "after",
      "\nA createRuntime and poststop hook for runc and crun. Annotations of the container say how it is connected: causeway.network, .publish, .hostname ...",
    ),
  examples: [
    {
      line: '{"path": "/usr/bin/causeway", "args": ["causeway", "oci-hook"]}',
      says: "in hooks.createRuntime and hooks.poststop of config.json",
    },
  ],
  run: ({ options: { host } }) => runHook(host === undefined ? [] : ["--host", host], process),
};
