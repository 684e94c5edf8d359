/**
 * What users of Docker's client type, as commander reads it: `--ipv4=false`, `--internal=true`; and `help network ls`.
 */

/** Only of networks: what follows `run` and `exec` may be a container's own. */
export function familiarWords(words: readonly string[]): readonly string[] {
  if (words[0] === "help") return [...words.slice(1), "--help"];
  if (words[0] !== "network") return words;
  return words.flatMap((word) => {
    const [, name, value] =
      word.match(
        /^--(ipv4|ipv6|internal|attachable|ingress|config-only|force|no-trunc|quiet|verbose)=(true|false)$/,
      ) ?? [];
    if (name === undefined) return [word];
    if (value === "true") return [`--${name}`];
    return name === "ipv4" || name === "ipv6" ? [`--no-${name}`] : [];
  });
}
