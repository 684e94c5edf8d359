/**
 * Which of many datagrams go to the kernel as one message, which it cuts into datagrams again: UDP_SEGMENT, linux/udp.h, udp(7). All of a
 * group go to one receiver and have one length, but the last, which may be shorter. They pass the kernel's stack as one packet: sending
 * one costs a third then.
 */

/** UDP_MAX_SEGMENTS of older kernels. */
const mostMembers = 64;
/** Of all, bytes: what a packet of IPv4 holds behind its headers. */
const mostBytes = 65_507;
const none = -1;

/** Numbers only, and nothing allocated: members are known by the order in which they were added, groups by that of their first ones. */
export class DatagramGroups {
  /** Of a member: who is behind it in its group. */
  readonly #next: Int32Array;
  /** Of a group. */
  readonly #first: Int32Array;
  readonly #last: Int32Array;
  readonly #members: Int32Array;
  readonly #bytes: Int32Array;
  /** How long each is. */
  readonly #length: Int32Array;
  /** A shorter one is the last. */
  readonly #isFull: Uint8Array;
  #count = 0;
  #added = 0;

  /** @param most members, of all groups */
  constructor(most: number) {
    this.#next = new Int32Array(most);
    this.#first = new Int32Array(most);
    this.#last = new Int32Array(most);
    this.#members = new Int32Array(most);
    this.#bytes = new Int32Array(most);
    this.#length = new Int32Array(most);
    this.#isFull = new Uint8Array(most);
  }

  /** How many groups there are. */
  get count(): number {
    return this.#count;
  }

  /** How many members, of all groups. */
  get added(): number {
    return this.#added;
  }

  clear(): void {
    this.#count = 0;
    this.#added = 0;
  }

  /**
   * Adds a datagram, behind all others to the same receiver.
   *
   * @param length bytes
   * @param isSame whether a member has the same receiver
   */
  add(length: number, isSame: (member: number) => boolean): void {
    const member = this.#added++;
    this.#next[member] = none;
    // The last group to the receiver: what is added to one before it would overtake.
    let group = this.#count - 1;
    while (group >= 0 && !isSame(this.first(group))) group--;
    if (group < 0 || !this.#hasRoom(group, length)) {
      this.#begin(member, length);
      return;
    }
    this.#next[this.#last[group] ?? none] = member;
    this.#last[group] = member;
    this.#members[group] = this.members(group) + 1;
    this.#bytes[group] = (this.#bytes[group] ?? 0) + length;
    if (length < this.length(group)) this.#isFull[group] = 1;
  }

  first(group: number): number {
    return this.#first[group] ?? none;
  }

  /** Negative behind the last of a group. */
  next(member: number): number {
    return this.#next[member] ?? none;
  }

  /** How many a group has. */
  members(group: number): number {
    return this.#members[group] ?? 0;
  }

  /** How long each of a group is but the last. */
  length(group: number): number {
    return this.#length[group] ?? 0;
  }

  #hasRoom(group: number, length: number): boolean {
    return (
      this.#isFull[group] === 0 &&
      // Nothing is cut off for one of no length.
      length > 0 &&
      length <= this.length(group) &&
      this.members(group) < mostMembers &&
      (this.#bytes[group] ?? 0) + length <= mostBytes
    );
  }

  #begin(member: number, length: number): void {
    const group = this.#count++;
    this.#first[group] = member;
    this.#last[group] = member;
    this.#members[group] = 1;
    this.#bytes[group] = length;
    this.#length[group] = length;
    this.#isFull[group] = 0;
  }
}
