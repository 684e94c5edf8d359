/**
 * A set of integers from 0 to 2^bits - 1 that finds the next absent one in O(log) steps: 32-way, sparse, and small both
 * when almost empty and when almost full.
 *
 * ```
 *            full 0000 0101     bit d set: everything below digit d is a member, nothing more is kept of it
 *         present 0000 1010     bit d set: digit d has a node of its own, children[popcount(present below d)]
 * ```
 * What is neither full nor present has no member at all. In a node of the lowest level `full` holds the members.
 */

interface Node {
  full: number;
  present: number;
  readonly children: Node[];
}

const digitBits = 5;
const allDigits = -1;

export class OffsetSet {
  readonly #capacity: bigint;
  readonly #topLevel: number;
  readonly #root = newNode(0);

  /** @param bits members have at most this many bits. */
  constructor(bits: number) {
    this.#capacity = 1n << BigInt(bits);
    this.#topLevel = Math.max(0, Math.ceil(bits / digitBits) - 1);
  }

  has(offset: bigint): boolean {
    let node: Node | undefined = this.#root;
    for (let level = this.#topLevel; node !== undefined; level--) {
      const digit = digitAt(offset, level);
      if ((node.full & (1 << digit)) !== 0) return true;
      node = childAt(node, digit);
    }
    return false;
  }

  /** False when it was a member already. */
  add(offset: bigint): boolean {
    return add(this.#root, this.#topLevel, offset);
  }

  /** False when it was no member. */
  delete(offset: bigint): boolean {
    return remove(this.#root, this.#topLevel, offset);
  }

  /** The lowest number from `from` on that is not a member; undefined when all are. */
  nextAbsent(from: bigint): bigint | undefined {
    if (from >= this.#capacity) return undefined;
    const absent = nextAbsent(this.#root, this.#topLevel, from);
    return absent === undefined || absent >= this.#capacity ? undefined : absent;
  }
}

function add(node: Node, level: number, offset: bigint): boolean {
  const digit = digitAt(offset, level);
  const bit = 1 << digit;
  if ((node.full & bit) !== 0) return false;
  if (level > 0) {
    const child = childAt(node, digit) ?? insertChild(node, digit, newNode(0));
    if (!add(child, level - 1, offset)) return false;
    if (child.full !== allDigits) return true;
    dropChild(node, digit);
  }
  node.full |= bit;
  return true;
}

function remove(node: Node, level: number, offset: bigint): boolean {
  const digit = digitAt(offset, level);
  const bit = 1 << digit;
  const isFull = (node.full & bit) !== 0;
  if (level === 0 || isFull) node.full &= ~bit;
  if (level === 0) return isFull;
  const child = isFull ? insertChild(node, digit, newNode(allDigits)) : childAt(node, digit);
  if (child === undefined || !remove(child, level - 1, offset)) return false;
  if (child.full === 0 && child.present === 0) dropChild(node, digit);
  return true;
}

/** Digits above `level` in `from` are ignored; the answer has none. */
function nextAbsent(node: Node | undefined, level: number, from: bigint): bigint | undefined {
  const shift = BigInt(digitBits * level);
  if (node === undefined) return from & ((32n << shift) - 1n);
  const startDigit = digitAt(from, level);
  // Only the first candidate can fail, when its absent numbers all lie before `from`: two descents at most per level.
  for (let candidates = ~node.full & (-1 << startDigit); candidates !== 0; candidates &= candidates - 1) {
    const digit = 31 - Math.clz32(candidates & -candidates);
    const base = BigInt(digit) << shift;
    if (level === 0) return base;
    const below = nextAbsent(childAt(node, digit), level - 1, digit === startDigit ? from : 0n);
    if (below !== undefined) return base | below;
  }
  return undefined;
}

function newNode(full: number): Node {
  return { full, present: 0, children: [] };
}

function digitAt(offset: bigint, level: number): number {
  return Number((offset >> BigInt(digitBits * level)) & 31n);
}

function childAt(node: Node, digit: number): Node | undefined {
  return (node.present & (1 << digit)) === 0 ? undefined : node.children[childIndex(node, digit)];
}

function insertChild(node: Node, digit: number, child: Node): Node {
  node.children.splice(childIndex(node, digit), 0, child);
  node.present |= 1 << digit;
  return child;
}

function dropChild(node: Node, digit: number): void {
  node.children.splice(childIndex(node, digit), 1);
  node.present &= ~(1 << digit);
}

/** How many nodes there are for lower digits. */
function childIndex(node: Node, digit: number): number {
  return popcount(node.present & ((1 << digit) - 1));
}

function popcount(word: number): number {
  let pairs = word - ((word >>> 1) & 0x55555555);
  pairs = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((pairs + (pairs >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
