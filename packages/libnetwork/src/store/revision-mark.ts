/**
 * The file that remembers the revision of the last commit that was answered, so that a write-ahead log that is missing or garbled
 * is noticed: SQLite takes such a log for one that ends there, and would go on without the commits behind it.
 *
 * It is written after each commit and not synced, so it is exact after a kill and says too little, never too much, after a power cut.
 */
import { files, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } from "@causeway/kernel";
import { storeCorrupt } from "./failures.ts";

const digits = 16;
/** Twice the same number: a write that was torn is no statement. */
const form = new RegExp(`^(\\d{${digits}}) \\1\n$`);

/** The mark of a database file: `causeway.revision` for `causeway.db`. */
function markOf(path: string): string {
  return path.replace(/(\.db)?$/, ".revision");
}

/** Throws `store_corrupt` for a database that is behind what was answered. */
export function refuseLost(path: string, revision: number): void {
  const answered = readMark(markOf(path));
  if (answered === undefined || answered <= revision) return;
  const state = revision === 0 ? "it is missing or empty" : `it ends with change ${revision}`;
  throw storeCorrupt(
    path,
    `${state}, and change ${answered} was answered: its file or its -wal file is missing or damaged, or an older copy was put in its ` +
      `place; to go on without those changes, remove ${markOf(path)}`,
  );
}

function readMark(path: string): number | undefined {
  let text: string;
  try {
    // A FIFO would hold the event loop until somebody writes.
    if (!files.lstatSync(path).isFile()) return undefined;
    text = files.readFileSync(path, "latin1");
  } catch {
    return undefined; // It only ever adds a check.
  }
  const [, number] = form.exec(text) ?? [];
  return number === undefined ? undefined : Number(number);
}

/** For another database in the place of this one: of that one nothing is known. */
export function clearMark(path: string): void {
  const mark = markOf(path);
  // What a link leads to is not ours, nor is what only has the mark's name.
  if (files.lstatSync(mark, { throwIfNoEntry: false })?.isFile()) files.truncateSync(mark);
}

export class RevisionMark implements Disposable {
  readonly #fd: number;

  constructor(path: string) {
    this.#fd = files.openSync(markOf(path), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  }

  /** A failure is none of the commit's, which is durable: the mark then says less. */
  write(revision: number): void {
    const number = String(revision).padStart(digits, "0");
    try {
      files.writeSync(this.#fd, `${number} ${number}\n`, 0);
    } catch {
      // As above.
    }
  }

  [Symbol.dispose](): void {
    files.closeSync(this.#fd);
  }
}
