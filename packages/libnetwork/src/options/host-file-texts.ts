/**
 * Texts that stand in /etc/hosts and resolv.conf: what would end their line or their word is refused.
 */
import { invalid } from "../errors.ts";
import { invalidOption, type Parser, string } from "./parse.ts";

/** RFC 1123 labels with dots between, as hostname(7) has it. */
export const hostname: Parser<string> = (value, name) => {
  const text = string(value, name);
  if (text.length <= 253 && /^([a-z0-9_]([a-z0-9_-]{0,62})?)(\.[a-z0-9_]([a-z0-9_-]{0,62})?)*$/i.test(text))
    return text;
  throw invalid(
    "invalid_hostname",
    `${name}: ${JSON.stringify(text)} is not a host name: use letters, digits, "-" and ".", at most 63 between dots and 253 in all`,
    text,
  );
};

/** A search domain or an option of resolv.conf(5). */
export const word: Parser<string> = (value, name) => {
  const text = string(value, name);
  if (/^[^\s\p{Cc}]{1,253}$/u.test(text)) return text;
  throw invalidOption(
    name,
    text,
    "one word of at most 253 characters, without spaces and control characters",
  );
};
