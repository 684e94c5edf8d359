// Networks of plugins by the command line, and as Docker's clients see them.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ContainerCreated } from "@causeway/daemon/api";
import { soundIpam } from "../../packages/plugin-sdk/src/check/sound-test-support.ts";
import { pluginDaemon } from "../support/bridge-plugin.ts";
import { cliOf } from "../support/cli.ts";
import { namespaceOf } from "../support/host.ts";
import { Outside } from "../support/outside.ts";
import { ask, serve } from "../support/traffic.ts";

describe("networks of plugins by the daemon", () => {
  it("are made, inspected, drawn and looked at by the doctor as any other", async (t) => {
    const { daemon, plugin } = await pluginDaemon(t, {
      ipam: soundIpam({ mac: false }),
      network: { endpointOperInfo: () => ({ Value: { vlan: 7 } }) },
    });
    const cli = cliOf(daemon.socket);
    const words = ["--ipam-driver", "mynet", "--subnet", "10.50.0.0/24", "-o", "mtu=1400"];
    await cli.ok("network", "create", "-d", "mynet", ...words, "n");
    const { request } = plugin.asked.find(({ method }) => method === "createNetwork") ?? {};
    assert.deepEqual((request as { readonly Options: unknown }).Options, {
      "com.docker.network.enable_ipv6": false,
      "com.docker.network.generic": { mtu: "1400" },
    });
    const sandbox = await daemon.ask("POST", "/cnm/v1/sandboxes", { containerId: "a" });
    assert.equal(sandbox.status, 201, sandbox.text);
    const made = await daemon.ask("POST", "/cnm/v1/networks/n/endpoints", { name: "e" });
    assert.equal(made.status, 201, made.text);
    const { id, mac } = made.body as { readonly id: string; readonly mac: string };
    assert.equal(mac, "", "nobody chose one");
    const joined = await daemon.ask("POST", `/cnm/v1/endpoints/${id}/join`, { sandbox: "a" });
    assert.equal(joined.status, 200, joined.text);
    const endpoint = joined.body as { readonly mac: string; readonly driverInfo: unknown };
    assert.match(endpoint.mac, /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
    assert.deepEqual(endpoint.driverInfo, { vlan: 7 });
    const shown = await daemon.ask("GET", "/networks/n");
    const view = shown.body as { readonly Driver: string; readonly Options: unknown; readonly IPAM: unknown };
    assert.deepEqual([view.Driver, view.Options], ["mynet", { mtu: "1400" }]);
    assert.match(await cli.ok("topology"), /n ═ 10\.50\.0\.0\/24|n ═/);
    assert.equal((await cli.run("doctor")).code, 0);

    await plugin.stop();
    const away = await daemon.ask("GET", `/cnm/v1/endpoints/${id}`);
    const { driverInfo } = away.body as { readonly driverInfo: { readonly error: string } };
    assert.match(driverInfo.error, /mynet/);
    const listed = await daemon.ask("GET", "/cnm/v1/endpoints");
    assert.equal(listed.status, 200, listed.text);
    await plugin.start();
    await cli.ok("sandbox", "rm", "a");
    await cli.ok("endpoint", "rm", "n/e");
    await cli.ok("network", "rm", "n");
    assert.deepEqual(plugin.missed, []);
  });

  it("without a gateway publish what is asked for, and Docker's clients see the ports once", async (t) => {
    const { daemon } = await pluginDaemon(t, { gateway: false });
    const cli = cliOf(daemon.socket);
    await cli.ok("network", "create", "-d", "mynet", "--subnet", "10.50.0.0/24", "n");
    const containerId = "a".repeat(64);
    const attached = await daemon.ask("POST", "/cnm/v1/attachments", {
      network: "n",
      containerId,
      endpoint: { publish: [{ hostPort: 8080, containerPort: 80 }] },
    });
    assert.equal(attached.status, 201, attached.text);
    const listed = await daemon.ask("GET", "/containers/json?all=1");
    const [container] = listed.body as readonly [{ readonly Ports: unknown }];
    const port = (IP: string) => ({ IP, PrivatePort: 80, PublicPort: 8080, Type: "tcp" });
    assert.deepEqual(container.Ports, [port("0.0.0.0"), port("::")]);
    const shown = await daemon.ask("GET", `/containers/${containerId}/json`);
    const { NetworkSettings: settings } = shown.body as {
      readonly NetworkSettings: { readonly Ports: unknown; readonly Networks: object };
    };
    const at = (HostIp: string) => ({ HostIp, HostPort: "8080" });
    assert.deepEqual(settings.Ports, { "80/tcp": [at("0.0.0.0"), at("::")] });
    assert.deepEqual(Object.keys(settings.Networks), ["n"], "the gateway bridge is nobody's business");
    await cli.ok("sandbox", "rm", containerId);
    await cli.ok("endpoint", "rm", `n/${(attached.body as { endpoint: { name: string } }).endpoint.name}`);
    await cli.ok("network", "rm", "n");
  });

  it("without a gateway have a container reached at what it publishes and nowhere else, whatever Docker's clients connect it to", async (t) => {
    const { daemon } = await pluginDaemon(t, { gateway: false });
    using outside = new Outside(daemon.host);
    outside.routeTo("172.16.0.0/12");
    const asked = async (method: string, path: string, body?: object): Promise<unknown> => {
      const { status, text, body: answer } = await daemon.ask(method, path, body);
      assert.ok(status < 300, `${method} ${path}: ${text}`);
      return answer;
    };
    const network = (Name: string, Driver: string, Subnet: string) =>
      asked("POST", "/networks/create", { Name, Driver, IPAM: { Config: [{ Subnet }] } });
    await network("n", "mynet", "10.50.0.0/24");
    await network("b", "bridge", "10.51.0.0/24");
    // As `causeway run -p` does: Docker's own way to start one is not ours.
    assert.equal((await daemon.ask("POST", "/containers/create", { Image: "x" })).status, 501);
    const publish = [{ containerPort: 80, hostPort: 8080 }];
    const wish = { kind: "process", name: "web", command: ["true"], networks: [{ network: "n" }], publish };
    const { container } = (await asked("POST", "/cnm/v1/containers", wish)) as ContainerCreated;
    const sandbox = daemon.daemon.controller.sandboxByContainerId(container.id) ?? assert.fail();
    using inner = namespaceOf(sandbox);
    await using _published = await serve(inner, { port: 80 });
    await using _other = await serve(inner, { port: 81 });
    const seen = (address: string, port: number) => ask(outside.namespace, { address, port });
    const ports = async () => {
      const { NetworkSettings } = (await asked("GET", "/containers/web/json")) as {
        readonly NetworkSettings: { readonly Ports: object };
      };
      return NetworkSettings.Ports;
    };
    const shown = { "80/tcp": ["0.0.0.0", "::"].map((HostIp) => ({ HostIp, HostPort: "8080" })) };
    const isReached = async (what: string) => {
      assert.deepEqual(await ports(), shown, what);
      assert.equal(await seen(outside.hostIpv4, 8080), outside.ipv4, what);
      assert.equal(await seen(outside.hostIpv4, 81), undefined, what);
    };
    await isReached("by the gateway bridge");
    const gateways = (await asked("GET", "/networks/causeway_gwbridge")) as {
      readonly Containers: Readonly<Record<string, { readonly IPv4Address: string }>>;
    };
    const [own = ""] = gateways.Containers[container.id]?.IPv4Address.split("/") ?? [];
    assert.match(own, /^172\./);
    assert.deepEqual(
      [await seen(own, 80), await seen(own, 81)],
      [undefined, undefined],
      "at its own address",
    );
    await asked("POST", "/networks/b/connect", { Container: "web" });
    await isReached("beside another gateway");
    await asked("POST", "/networks/n/disconnect", { Container: "web" });
    await isReached("by the network that is left");
    await asked("POST", "/networks/b/disconnect", { Container: "web" });
    assert.deepEqual([await ports(), await seen(outside.hostIpv4, 8080)], [{}, undefined]);
    await asked("DELETE", "/cnm/v1/containers/web?force=true");
    await asked("DELETE", "/networks/n");
  });

  it("tell what a plugin says on one line and with escapes, by every way, and with its code", async (t) => {
    const { daemon } = await pluginDaemon(t, {
      network: {
        createNetwork() {
          throw new Error("no\u001b[2J\u009b31m\0x\u202e\r\ncauseway: all is well");
        },
      },
    });
    const message = String.raw`remote: no\u001b[2J\u009b31m\u0000x\u202e\r\ncauseway: all is well`;
    const { code, stderr } = await cliOf(daemon.socket).run("network", "create", "-d", "mynet", "n");
    assert.deepEqual([code, stderr], [1, `causeway: ${message}\n`]);
    const ours = await daemon.ask("POST", "/cnm/v1/networks", { name: "n", driver: "mynet" });
    const { error } = ours.body as { readonly error: { readonly code: string; readonly message: string } };
    assert.deepEqual([error.code, error.message], ["plugin_refused", message]);
    const dockers = await daemon.ask("POST", "/networks/create", { Name: "n", Driver: "mynet" });
    assert.deepEqual(dockers.body, { message });
  });

  it("that nobody makes are refused as Docker does", async (t) => {
    const { daemon } = await pluginDaemon(t);
    const refused = await daemon.ask("POST", "/networks/create", { Name: "n", Driver: "nobody" });
    assert.ok(refused.status === 404 || refused.status === 400, refused.text);
    assert.match(refused.text, /nobody/);
  });
});
