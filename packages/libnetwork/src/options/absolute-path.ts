/**
 * Paths of this machine, of files and directories alike.
 */
import { invalid } from "../errors.ts";
import { type Parser, string } from "./parse.ts";

/** Absolute, and without a NUL, at which C would end it. */
export const absolutePath: Parser<string> = (value, name) => {
  const text = string(value, name);
  if (text.startsWith("/") && !text.includes("\0")) return text;
  throw invalid("invalid_path", `${name}: ${JSON.stringify(text)} is not an absolute path`, text);
};
