/**
 * No firewall: for people who do it themselves. Nothing is filtered, published or rewritten.
 */
import type { Firewall } from "../contracts/firewall.ts";

export class NoFirewall implements Firewall {
  readonly active = false;
  apply(): void {}
  checkTables(): void {}
  install(): void {}
  setForeignForwarding(): void {}
  uninstall(): void {}
  close(): void {}
}
