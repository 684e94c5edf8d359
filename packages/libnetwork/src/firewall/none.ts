/**
 * No firewall: for people who do it themselves. Nothing is filtered, published or rewritten.
 */
import type { Firewall } from "../contracts/firewall.ts";

export class NoFirewall implements Firewall {
  readonly active = false;
  apply(): void {}
  readonly isIdle = true;
  checkTables(): boolean {
    return false;
  }
  install(): void {}
  setForeignForwarding(): void {}
  uninstall(): void {}
  close(): void {}
}
