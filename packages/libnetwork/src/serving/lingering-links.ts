/**
 * Links that dockerd still has to take out of a sandbox: it moves a container's end back to the host after Leave, before DeleteEndpoint. One that
 * is gone by then stays in dockerd's books, and `docker stats` of the container fails from then on.
 *
 * So what a driver hands over for deletion under a link's name waits until the endpoint is deleted, or joins again, or for a while.
 */
import type { Reaper } from "@causeway/kernel";

type LinkReaper = Pick<Reaper, "deleteLink">;

/** Milliseconds after which nobody is waited for: dockerd was killed, or is stuck. */
const patience = 10_000;

export class LingeringLinks implements LinkReaper {
  readonly #reaper: LinkReaper;
  readonly #lingering = new Map<string, () => void>();

  constructor(reaper: LinkReaper) {
    this.#reaper = reaper;
  }

  /** By its name it lingers; by its index (a bridge) it goes at once. */
  async deleteLink(link: Parameters<LinkReaper["deleteLink"]>[0]): Promise<void> {
    if ("name" in link) await this.#released(link.name);
    await this.#reaper.deleteLink(link);
  }

  /** It may go. */
  release(name: string): void {
    this.#lingering.get(name)?.();
  }

  /** All may. */
  releaseAll(): void {
    for (const release of [...this.#lingering.values()]) release();
  }

  #released(name: string): Promise<void> {
    this.release(name);
    return new Promise((resolve) => {
      const release = () => {
        clearTimeout(timer);
        this.#lingering.delete(name);
        resolve();
      };
      const timer = setTimeout(release, patience);
      timer.unref();
      this.#lingering.set(name, release);
    });
  }
}
