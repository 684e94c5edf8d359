/**
 * The taken subnets of one family, none overlapping another: a binary tree of prefixes where every node knows the largest
 * free block below it, as in a buddy allocator. Every operation takes as many steps as an address has bits.
 */
import { Cidr } from "../address/cidr.ts";
import { addressBits, type Family, IpAddress } from "../address/ip.ts";

interface Node {
  low: Node | undefined;
  high: Node | undefined;
  /** The taken subnet that this node stands for; such a node has no children. */
  readonly taken: Cidr | undefined;
  /** The prefix length of the largest free block below; Infinity when nothing is free. */
  largestFree: number;
}

export class SubnetTree {
  readonly #family: Family;
  #root: Node | undefined;

  constructor(family: Family) {
    this.#family = family;
  }

  /** A taken subnet that has addresses in common with this one. */
  overlapping(subnet: Cidr): Cidr | undefined {
    let node = this.#nodeAt(subnet);
    while (node !== undefined && node.taken === undefined) node = node.low ?? node.high;
    return node?.taken;
  }

  /** Takes a subnet that overlaps no taken one. */
  add(subnet: Cidr): void {
    this.#root = insert(this.#root, subnet, 0);
  }

  /** Frees a taken subnet. */
  delete(subnet: Cidr): void {
    this.#root = remove(this.#root, subnet, 0);
  }

  /** The lowest free subnet of this prefix length that is in `range` and starts at `from` or later. */
  firstFree(range: Cidr, prefixLength: number, from: IpAddress): Cidr | undefined {
    if (prefixLength < range.prefixLength) return undefined;
    const start = this.#search(
      this.#nodeAt(range),
      range.first.value,
      range.prefixLength,
      prefixLength,
      from.value,
    );
    return start === undefined ? undefined : new Cidr(new IpAddress(this.#family, start), prefixLength);
  }

  /** The node of this prefix, or the taken subnet around it; undefined when all of it is free. */
  #nodeAt(subnet: Cidr): Node | undefined {
    let node = this.#root;
    for (
      let depth = 0;
      depth < subnet.prefixLength && node !== undefined && node.taken === undefined;
      depth++
    ) {
      node = isHigh(subnet, depth) ? node.high : node.low;
    }
    return node;
  }

  #search(
    node: Node | undefined,
    start: bigint,
    depth: number,
    prefixLength: number,
    from: bigint,
  ): bigint | undefined {
    const bits = addressBits(this.#family);
    const end = start + (1n << BigInt(bits - depth));
    if (end <= from) return undefined;
    if (node === undefined) {
      const hostBits = BigInt(bits - prefixLength);
      const blockStart = from <= start ? start : -(-from >> hostBits) << hostBits; // rounded up to a whole block
      return blockStart < end ? blockStart : undefined;
    }
    if (node.largestFree > prefixLength) return undefined;
    const middle = start + (1n << BigInt(bits - depth - 1));
    return (
      this.#search(node.low, start, depth + 1, prefixLength, from) ??
      this.#search(node.high, middle, depth + 1, prefixLength, from)
    );
  }
}

function insert(node: Node | undefined, subnet: Cidr, depth: number): Node {
  if (depth === subnet.prefixLength) {
    return { low: undefined, high: undefined, taken: subnet, largestFree: Number.POSITIVE_INFINITY };
  }
  const parent = node ?? { low: undefined, high: undefined, taken: undefined, largestFree: depth };
  if (isHigh(subnet, depth)) parent.high = insert(parent.high, subnet, depth + 1);
  else parent.low = insert(parent.low, subnet, depth + 1);
  noteLargestFree(parent, depth);
  return parent;
}

function remove(node: Node | undefined, subnet: Cidr, depth: number): Node | undefined {
  if (node === undefined || node.taken !== undefined) return undefined;
  if (isHigh(subnet, depth)) node.high = remove(node.high, subnet, depth + 1);
  else node.low = remove(node.low, subnet, depth + 1);
  if (node.low === undefined && node.high === undefined) return undefined;
  noteLargestFree(node, depth);
  return node;
}

function noteLargestFree(node: Node, depth: number): void {
  node.largestFree = Math.min(node.low?.largestFree ?? depth + 1, node.high?.largestFree ?? depth + 1);
}

/** Whether the subnet lies in the upper half of the prefix of this length. */
function isHigh(subnet: Cidr, depth: number): boolean {
  const shift = BigInt(addressBits(subnet.family) - 1 - depth);
  return ((subnet.address.value >> shift) & 1n) === 1n;
}
