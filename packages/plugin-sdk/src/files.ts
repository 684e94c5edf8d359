/**
 * The file operations that this package uses: the one place that imports node:fs. All are synchronous: what runs in libuv's pool may be in
 * another network namespace than its caller.
 */
export {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
} from "node:fs";
