/**
 * No firewall: for people who do it themselves. Nothing is filtered, published or rewritten.
 */
import type { Firewall } from "../contracts/firewall.ts";
import type { HealthItem } from "../contracts/health.ts";
import { unsupported } from "../errors.ts";

export class NoFirewall implements Firewall {
  readonly active = false;
  apply(): void {}
  readonly transactions = { count: 0, failed: 0, seconds: 0 };
  readonly isIdle = true;
  checkTables(): boolean {
    return false;
  }
  install(): void {}
  onUnguarded(): void {}
  setForeignForwarding(): void {}

  setUserRules(): never {
    throw unsupported(
      "unsupported_without_firewall",
      "there are no chains for rules of yours: the controller was opened with the firewall `none`",
    );
  }

  inspect(): readonly HealthItem[] {
    return [
      {
        code: "firewall_none",
        nature: "host",
        subject: { kind: "firewall" },
        message:
          "nothing is filtered, published or rewritten: the controller was opened with the firewall `none`",
        mend: "filter by rules of your own, or open the controller with the firewall `nftables`",
        repairable: false,
      },
    ];
  }

  inspectForeign(): readonly HealthItem[] {
    return [];
  }

  uninstall(): void {}
  close(): void {}
}
