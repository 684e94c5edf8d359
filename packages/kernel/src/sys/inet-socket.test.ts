import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import { isKernelError } from "./errors.ts";
import { bindUdp, LOOPBACK_IFINDEX, listenTcp } from "./inet-socket.ts";
import { at, newHost } from "./test-support.ts";

describe("sockets at a port", () => {
  checkLeaks();

  const openers = {
    TCP: (ip: string, port: number, interfaceIndex?: number) =>
      listenTcp(at(ip), port, { backlog: 1, ...(interfaceIndex === undefined ? {} : { interfaceIndex }) }),
    UDP: (ip: string, port: number, interfaceIndex?: number) =>
      bindUdp(at(ip), port, interfaceIndex === undefined ? {} : { interfaceIndex }),
  };

  for (const [name, open] of Object.entries(openers)) {
    test(`${name}: a port is had once, by both families apart, and the refusal names it`, () => {
      using host = newHost();
      host.run(() => {
        using _ipv6 = open("::", 8080);
        using _ipv4 = open("0.0.0.0", 8080);
        assert.throws(() => open("127.0.0.1", 8080), {
          message: "bind port 8080 of 127.0.0.1 failed with EADDRINUSE",
        });
        assert.throws(
          () => open("::1", 8080),
          (error) => isKernelError(error, "EADDRINUSE"),
        );
      });
    });

    test(`${name}: bound to an interface, a port is held on all of them`, () => {
      using host = newHost();
      host.run(() => {
        using _held = open("0.0.0.0", 8080, LOOPBACK_IFINDEX);
        assert.throws(
          () => open("0.0.0.0", 8080),
          (error) => isKernelError(error, "EADDRINUSE"),
        );
      });
    });

    test(`${name}: an address of somebody else is refused`, () => {
      using host = newHost();
      host.run(() => {
        assert.throws(
          () => open("192.0.2.1", 8080),
          (error) => isKernelError(error, "EADDRNOTAVAIL"),
        );
      });
    });
  }

  test("one address serves for many ports", () => {
    using host = newHost();
    host.run(() => {
      const anywhere = at("0.0.0.0");
      using _one = bindUdp(anywhere, 5353);
      using _other = bindUdp(anywhere, 5354);
      assert.throws(
        () => bindUdp(anywhere, 5353),
        (error) => isKernelError(error, "EADDRINUSE"),
      );
    });
  });
});
