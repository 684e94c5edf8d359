/**
 * LeaseKeeper: renews leases, all over one stream, three times within their time. It counts on timers alone, which no change of the
 * machine's clock moves.
 */
import type { Lease, LeaseId } from "../../contracts/shared-store.ts";
import type { EtcdClient, MemberStream } from "./client.ts";
import { leaseKeepAlivePath } from "./methods.ts";
import { leaseKeepAliveRequest, leaseKeepAliveResponse } from "./wire/messages.ts";

const renewalsInItsTime = 3;

interface Kept {
  readonly lost: AbortController;
  readonly timer: NodeJS.Timeout;
  /** Whether etcd has not answered the last renewal yet. */
  waits: boolean;
}

export class LeaseKeeper {
  readonly #client: EtcdClient;
  readonly #leases = new Map<LeaseId, Kept>();
  #stream: MemberStream | undefined;
  #opening: Promise<void> | undefined;

  constructor(client: EtcdClient, closing: AbortSignal) {
    this.#client = client;
    client.onAvailability(({ available }) => available && this.#renewAll(), closing);
  }

  /** From now on it is renewed. @param revoke ends it in etcd */
  keep(id: LeaseId, seconds: number, revoke: () => Promise<void>): Lease {
    const lost = new AbortController();
    const timer = setInterval(() => this.#renew(id), (seconds * 1000) / renewalsInItsTime);
    this.#leases.set(id, { lost, timer, waits: false });
    const end = async (): Promise<void> => {
      this.#forget(id);
      await revoke();
    };
    return { id, seconds, lost: lost.signal, end };
  }

  /** No lease is renewed any more. */
  close(): void {
    for (const id of [...this.#leases.keys()]) this.#forget(id);
    this.#stream?.close();
    this.#stream = undefined;
  }

  #renewAll(): void {
    for (const [id, kept] of this.#leases) {
      kept.waits = false;
      this.#renew(id);
    }
  }

  #renew(id: LeaseId): void {
    const kept = this.#leases.get(id);
    if (!kept || !this.#client.availability.available) return;
    if (kept.waits && this.#stream) {
      // Silent since the last time: another member may do better.
      this.#stream.close();
      this.#stream = undefined;
      this.#client.leaveMember();
    }
    kept.waits = true;
    if (this.#stream) this.#send(this.#stream, id);
    else this.#opening ??= this.#open().finally(() => (this.#opening = undefined));
  }

  /** Renews all that wait. */
  async #open(): Promise<void> {
    try {
      const stream = await this.#client.stream(leaseKeepAlivePath, {
        message: (message) => this.#take(message),
        ended: () => {
          if (this.#stream === stream) this.#stream = undefined; // the next renewal opens another
        },
      });
      if (this.#client.isClosed) {
        stream.close();
        return;
      }
      this.#stream = stream;
      for (const [id, kept] of this.#leases) if (kept.waits) this.#send(stream, id);
    } catch {
      // Away: renewed when it is back.
    }
  }

  #send(stream: MemberStream, id: LeaseId): void {
    stream.send(leaseKeepAliveRequest.encode({ id }));
  }

  #take(message: Buffer): void {
    const { id, seconds } = leaseKeepAliveResponse.decode(message);
    const kept = this.#leases.get(id);
    if (!kept) return;
    kept.waits = false;
    if (seconds > 0) return;
    this.#forget(id);
    kept.lost.abort();
  }

  #forget(id: LeaseId): void {
    clearInterval(this.#leases.get(id)?.timer);
    this.#leases.delete(id);
  }
}
