/**
 * Links as Docker writes them: `NAME:ALIAS`, or a name alone. Here each is a name of the container's own for another in the network.
 */
import { invalid } from "@causeway/libnetwork";

/** @throws invalid_option */
export function linksOf(texts: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    texts.map((text) => {
      if (text === "") throw invalid("invalid_option", "empty string specified for links");
      const [name = "", alias = name, ...more] = text.split(":");
      if (more.length > 0) throw invalid("invalid_option", `bad format for links: ${text}`, text);
      return [lastOf(alias), lastOf(name)];
    }),
  );
}

/** Docker's own clients have written `/db:/web/db`. */
function lastOf(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}

export function linkTexts(links: Readonly<Record<string, string>>): string[] | null {
  const texts = Object.entries(links).map(([alias, name]) => (alias === name ? name : `${name}:${alias}`));
  return texts.length === 0 ? null : texts;
}
