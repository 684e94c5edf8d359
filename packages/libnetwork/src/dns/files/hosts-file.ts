/**
 * The text of a sandbox's /etc/hosts: hosts(5), with the lines that Docker writes.
 *
 * The lines for loopback are written once. Those that change with the sandbox stand between two marks; what others wrote around them, or
 * among them, stays.
 */
import type { SandboxFileContent } from "../../contracts/sandbox-files.ts";
import { digestOf } from "./mark.ts";

const loopbackLines = `\
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::\tip6-localnet
ff00::\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
`;

const firstMark =
  /^# Causeway ([0-9a-f]{12}) hostname=(\S*): these lines change with the sandbox, all others stay\n/m;
const lastMark = "# Causeway: end of its lines\n";

/** What is ours in a hosts file, but for loopback. */
export interface OwnHosts {
  /** "" for none. */
  readonly hostname: string;
  /** Each ends with a newline. */
  readonly lines: readonly string[];
}

/** Each of the sandbox's own addresses, then the extra hosts in the order given, then its links. */
export function ownHosts(
  content: Pick<SandboxFileContent, "hostname" | "domainname" | "addresses" | "extraHosts" | "links">,
): OwnHosts {
  const { hostname = "", domainname, addresses, extraHosts, links } = content;
  const names = ownNames(hostname, domainname);
  return {
    hostname,
    lines: [
      ...(names === undefined ? [] : addresses.map((address) => `${address}\t${names}\n`)),
      ...extraHosts.map(({ address, name }) => `${address}\t${name}\n`),
      ...links.map((link) => `${link.address}\t${link.names.join(" ")}\n`),
    ],
  };
}

export function hostsText(own: OwnHosts): string {
  return loopbackLines + markedLines(own);
}

/**
 * What stands there, with our lines as they are to be now. Where the marks are gone our lines come after the others. An empty file is
 * written anew.
 *
 * @param before our lines as they were written last, where that is known
 */
export function updatedHosts(there: string, own: OwnHosts, before: readonly string[] = []): string {
  if (there.trim() === "") return hostsText(own);
  const known = new Set([...before, ...own.lines]);
  const marked = findMarked(there);
  if (marked === undefined) {
    const theirs = linesOf(there).filter((line) => !known.has(line) && !isMark(line));
    return theirs.join("") + markedLines(own);
  }
  const { above, text, below, isWhole } = marked;
  const theirs = isWhole ? [] : linesOf(text).filter((line) => !known.has(line));
  return withoutEmptyEnd(above + markedLines(own) + theirs.join("") + below);
}

/** The hostname that was ours when the lines were written; undefined where the marks are gone. */
export function markedHostname(there: string): string | undefined {
  return firstMark.exec(there)?.[2];
}

/** Whether others have written into it. */
export function isEditedHosts(there: string): boolean {
  if (there.trim() === "") return false;
  const marked = findMarked(there);
  return !marked?.isWhole || marked.above !== loopbackLines || marked.below.trim() !== "";
}

interface Marked {
  readonly above: string;
  readonly text: string;
  readonly below: string;
  /** The text between the marks is as we wrote it. */
  readonly isWhole: boolean;
}

function findMarked(there: string): Marked | undefined {
  const first = firstMark.exec(there);
  if (first === null) return undefined;
  const begin = first.index + first[0].length;
  const end = there.indexOf(lastMark, begin);
  if (end === -1) return undefined;
  const text = there.slice(begin, end);
  return {
    above: there.slice(0, first.index),
    text,
    below: there.slice(end + lastMark.length),
    isWhole: digestOf(text) === first[1],
  };
}

function markedLines({ hostname, lines }: OwnHosts): string {
  const text = lines.join("");
  const first = `# Causeway ${digestOf(text)} hostname=${hostname}: these lines change with the sandbox, all others stay\n`;
  return first + text + lastMark;
}

/** Without the empty lines at its end. By hand: a pattern such as /\n+$/ takes time by the square of empty lines that stand elsewhere. */
function withoutEmptyEnd(text: string): string {
  let end = text.length;
  while (text[end - 1] === "\n") end--;
  return text.slice(0, end + 1);
}

function isMark(line: string): boolean {
  return line === lastMark || firstMark.test(line);
}

/** Each with a newline at its end, also the last; without empty ones there. */
function linesOf(text: string): readonly string[] {
  const whole = text.trimEnd();
  return whole === "" ? [] : whole.split("\n").map((line) => `${line}\n`);
}

/** The full name first, as hosts(5) wants it, then the part before its first dot. Users give either as the hostname. */
function ownNames(hostname: string, domainname: string | undefined): string | undefined {
  if (hostname === "") return undefined;
  const fullName = domainname ? `${hostname}.${domainname}` : hostname;
  const dotAt = fullName.indexOf(".");
  return dotAt === -1 ? fullName : `${fullName} ${fullName.slice(0, dotAt)}`;
}
