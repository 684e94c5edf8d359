/**
 * Names of network interfaces, as the kernel takes them: net/core/dev.c, dev_valid_name(); without those that mean
 * something else to it, or to nft(8), where our rules name interfaces.
 */
import { invalid } from "../errors.ts";
import type { Parser } from "./parse.ts";
import { string } from "./parse.ts";

/** IFNAMSIZ of linux/if.h, without the closing NUL. */
const longestName = 15;

function checkedInterfaceName(name: string, option: string, longest: number = longestName): string {
  const refuse = (why: string) =>
    invalid("invalid_interface_name", `${option}: interface name ${JSON.stringify(name)} ${why}`, name);
  if (name === "") throw refuse("is empty: give a name or leave it out");
  if (Buffer.byteLength(name) > longest) throw refuse(`is longer than ${longest} bytes: shorten it`);
  if (/[/:\s\p{Cc}]/u.test(name)) throw refuse('has a space, a control character, "/" or ":": use others');
  // The kernel makes numbered names of "br%d"; nft takes the others for patterns and ends of texts.
  if (/[%"*\\]/.test(name)) throw refuse('has "%", "*", a quote or a backslash: use others');
  if (name === "." || name === "..") throw refuse("means a directory: use another");
  if (name === "all" || name === "default") throw refuse("means settings of every interface: use another");
  return name;
}

export const interfaceName: Parser<string> = (value, option) =>
  checkedInterfaceName(string(value, option), option);

/** The part before the number: room is left for four digits. */
export const interfacePrefix: Parser<string> = (value, option) =>
  checkedInterfaceName(string(value, option), option, longestName - 4);
