/**
 * causeway completion
 */
import type { CommandDefinition } from "../../command.ts";
import { usageError } from "../../errors.ts";
import { completionScripts } from "./completion-scripts.ts";

export const completion: CommandDefinition = {
  define: (command) => command.argument("[shell]", Object.keys(completionScripts).join(", ")),
  examples: [
    { line: 'eval "$(causeway completion bash)"', says: "in ~/.bashrc" },
    { line: "causeway completion zsh > ~/.zfunc/_causeway", says: "a directory of zsh's $fpath" },
    { line: "causeway completion fish > ~/.config/fish/completions/causeway.fish", says: "for fish" },
  ],
  async run({ output, args: [shell = ""] }) {
    const script = Object.hasOwn(completionScripts, shell) ? completionScripts[shell] : undefined;
    const shells = Object.keys(completionScripts).join(", ");
    if (shell === "") throw usageError(`say for which shell: ${shells}`);
    if (script === undefined) throw usageError(`there is no completion for "${shell}": there are ${shells}`);
    output.write(script);
    return undefined;
  },
};
