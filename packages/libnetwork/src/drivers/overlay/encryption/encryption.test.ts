/** Runs where the kernel has ESP: test/ipsec.peers.test.ts takes it into a virtual machine. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hasFeature, ipsecEsp, NetNamespace, Xfrm, xfrmPolicy, xfrmState } from "@causeway/kernel";
import { checkLeaks } from "../../../../../../test/support/leak-check.ts";
import type { ClusterKey } from "../../../contracts/tunnel-keys.ts";
import { TunnelEncryption } from "./encryption.ts";

const address = "192.0.2.1";
const peer = { address: "192.0.2.2", life: 7 };
const network = "n";

const keys = (first: number): readonly ClusterKey[] =>
  [0, 1, 2].map((at) => ({ generation: first + at, secret: new Uint8Array(32).fill(first + at) }));

async function withKernel(
  action: (namespace: NetNamespace, xfrm: Xfrm) => void | Promise<void>,
): Promise<void> {
  using namespace = NetNamespace.create();
  using xfrm = new Xfrm(namespace);
  await action(namespace, xfrm);
}

/** What there is, in an order of its own. */
function standing(xfrm: Xfrm) {
  const states = xfrm.dump(xfrmState.list());
  return {
    states: states.toSorted((a, b) => a.spi - b.spi || a.destination.localeCompare(b.destination)),
    policies: xfrm.dump(xfrmPolicy.list()),
  };
}

describe("tunnels in the kernel", { skip: hasFeature(ipsecEsp) ? false : "this kernel has no ESP" }, () => {
  checkLeaks();

  it("are taken up by the next run as they are, in the same life, before its keys are told and after", () =>
    withKernel(async (namespace, xfrm) => {
      const lives: number[] = [];
      const open = () => {
        const tunnels = new TunnelEncryption({ namespace, address });
        tunnels.onLife((life) => lives.push(life));
        tunnels.protect();
        return tunnels;
      };
      {
        using first = open();
        first.setKeys(keys(1));
        first.putEnd(peer);
        first.tunnelTo(network, peer.address);
        await first.settled();
      }
      const before = standing(xfrm);
      assert.equal(before.states.length, 4);
      assert.equal(before.policies.length, 2);
      {
        using second = open();
        assert.deepEqual(standing(xfrm), before);
        second.setKeys(keys(1));
        second.putEnd(peer);
        second.settleTunnels(network, [peer.address]);
        await second.settled();
        assert.deepEqual(standing(xfrm), before);
        assert.deepEqual(new Set(lives).size, 1);
        // Three in, and two out: the one before goes with its key.
        second.setKeys(keys(2));
        await second.settled();
        assert.equal(standing(xfrm).states.length, 5);
        second.setKeys(keys(3));
        await second.settled();
        second.setKeys(keys(4));
        await second.settled();
        assert.equal(standing(xfrm).states.length, 5);
      }
    }));

  it("are another life's when all states are gone, or when one was taken away", () =>
    withKernel(async (namespace, xfrm) => {
      const lives: number[] = [];
      using tunnels = new TunnelEncryption({ namespace, address });
      tunnels.onLife((life) => lives.push(life));
      tunnels.protect();
      tunnels.setKeys(keys(1));
      tunnels.putEnd(peer);
      tunnels.tunnelTo(network, peer.address);
      await tunnels.settled();
      await tunnels.mend();
      assert.deepEqual([lives.length, tunnels.inspect()], [1, []], "nothing is missing");
      const [taken] = standing(xfrm).states;
      assert.ok(taken !== undefined);
      xfrm.execute(xfrmState.remove(taken));
      assert.deepEqual(
        tunnels.inspect().map(({ code, message }) => [code, message]),
        [
          [
            "encryption_incomplete",
            "of what encrypts overlay networks the kernel lacks 1 states: packets of these tunnels are dropped",
          ],
        ],
      );
      await tunnels.mend();
      assert.deepEqual(tunnels.inspect(), []);
      assert.equal(new Set(lives).size, 2);
      assert.equal(standing(xfrm).states.length, 4);
      assert.equal(new Set(standing(xfrm).states.map(({ requestId }) => requestId & 0xff_ffff)).size, 1);

      xfrm.execute(...standing(xfrm).states.map(xfrmState.remove));
      using next = new TunnelEncryption({ namespace, address });
      next.onLife((life) => lives.push(life));
      next.protect();
      assert.equal(new Set(lives).size, 3);
    }));

  it("leave others' states and policies alone, and go when they are released", () =>
    withKernel(async (namespace, xfrm) => {
      const aead = { algorithm: "rfc4106(gcm(aes))", key: new Uint8Array(36), icvBits: 128 };
      xfrm.execute(
        xfrmState.add({
          source: peer.address,
          destination: address,
          spi: 0xc000_0001,
          requestId: 1,
          aead,
          replayWindow: 32,
        }),
        xfrmPolicy.add({ direction: "out", selector: { family: 4, destination: "198.51.100.0/24" } }),
      );
      const before = standing(xfrm);
      using tunnels = new TunnelEncryption({ namespace, address });
      tunnels.protect();
      tunnels.setKeys(keys(1));
      tunnels.putEnd(peer);
      tunnels.tunnelTo(network, peer.address);
      await tunnels.settled();
      tunnels.beginLife();
      await tunnels.settled();
      assert.equal(standing(xfrm).states.length, 5);
      tunnels.release();
      assert.deepEqual(standing(xfrm), before);
    }));

  it("are not made where somebody else's policy stands in their place", () =>
    withKernel((namespace, xfrm) => {
      const selector = { family: 4, protocol: 17, destinationPort: 4793 } as const;
      xfrm.execute(xfrmPolicy.add({ direction: "in", selector, action: "block" }));
      const before = standing(xfrm);
      using tunnels = new TunnelEncryption({ namespace, address });
      assert.throws(() => tunnels.protect(), { code: "ipsec_policy_taken", kind: "conflict" });
      assert.deepEqual(standing(xfrm), before);
    }));
});
