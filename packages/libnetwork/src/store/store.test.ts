import { MemoryStore } from "./memory-store.ts";
import { SharedMemory } from "./shared/memory-shared-store.ts";
import { SqliteStore } from "./sqlite-store.ts";
import { storeContract } from "./store-contract.ts";
import { temporaryDirectory } from "./test-support.ts";

storeContract("memory", () => new MemoryStore());
storeContract("sqlite", (t) => SqliteStore.open(temporaryDirectory(t)));
storeContract("shared memory", () => new SharedMemory().connect(), { isShared: true });
