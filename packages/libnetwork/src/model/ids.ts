/**
 * Identity: ids of 64 hexadecimal digits, and names.
 */
import { randomBytes } from "node:crypto";
import { invalid } from "../errors.ts";
import { show } from "../options/parse.ts";

const idPattern = /^[0-9a-f]{64}$/;
const longestName = 128;

export function newId(): string {
  return randomBytes(32).toString("hex");
}

export function isId(text: string): boolean {
  return idPattern.test(text);
}

/**
 * Checks the name of a network, an endpoint or a container: 1 to 128 characters, without slashes, control characters
 * and outer spaces, because names appear in paths, host files and tables.
 *
 * @throws invalid_name
 */
export function checkedName(what: string, name: unknown): string {
  const refuse = (why: string) =>
    invalid(
      "invalid_name",
      `${what} name ${show(name)} ${why}; use 1 to ${longestName} characters without "/" and control characters`,
    );
  if (typeof name !== "string") throw refuse("is not a text");
  if (name === "") throw refuse("is empty");
  if (name.length > longestName) throw refuse(`has ${name.length} characters`);
  if (name.trim() !== name) throw refuse("begins or ends with a space");
  if (name.includes("/")) throw refuse("has a slash");
  if (/\p{Cc}/u.test(name)) throw refuse("has a control character");
  if (name === "." || name === "..") throw refuse("means a directory");
  return name;
}
