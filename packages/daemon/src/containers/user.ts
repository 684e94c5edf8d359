/**
 * `--user`: numbers. Names stand in a file of the container's, which is not ours to believe.
 */
import { invalid } from "@causeway/libnetwork";

export interface User {
  readonly uid: number;
  readonly gid: number;
}

const largest = 2 ** 32 - 2;

/** @throws invalid_user */
export function parseUser(text: string | undefined): User {
  if (text === undefined || text === "") return { uid: 0, gid: 0 };
  const [, uid, gid = "0"] = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(text) ?? [];
  const user = { uid: Number(uid), gid: Number(gid) };
  if (uid !== undefined && user.uid <= largest && user.gid <= largest) return user;
  const mend = "give numbers, as in 1000 or 1000:1000; `id NAME` tells them";
  throw invalid(
    "invalid_user",
    `user ${JSON.stringify(text.slice(0, 100))} is not understood: ${mend}`,
    text,
  );
}
