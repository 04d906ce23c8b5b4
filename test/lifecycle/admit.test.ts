import { expect, test } from "vitest";
import { admitKey, createKey, revokeKey } from "../../src/lifecycle/admit.ts";
import { limit } from "../../src/lifecycle/limit.ts";
import { recordTrace } from "../../src/lifecycle/record.ts";
import { retrieve } from "../../src/lifecycle/retrieve.ts";
import { testPorts } from "../ports.ts";

const random = { id: "0123456789ab", secret: "f".repeat(64) };

test("a key is found by what its owner holds, until it is revoked or its time is up", async () => {
  await using ports = await testPorts();
  expect(await ports.ledger.hasKeys()).toBe(false);
  const expires_at = new Date(Date.now() + 60_000).toISOString();
  const { key, text } = await createKey(
    ports,
    { name: "ci", grants: { read: ["team"] }, expires_at },
    random,
  );
  expect(JSON.stringify(await ports.ledger.keys())).not.toContain(random.secret);
  expect(await ports.ledger.key(key.id)).toEqual(key);
  expect(await ports.ledger.handbook("team")).toBeDefined();

  const { access, touch } = await admitKey(ports, text);
  expect(access).toEqual({ by: "ci", id: "key 0123456789ab", grants: { read: ["team"] } });
  await touch?.();
  expect((await admitKey(ports, text)).touch).toBeUndefined();
  const later = { ...ports, now: () => new Date(Date.now() + 61_000) };
  await expect(admitKey(later, text)).rejects.toThrow(/not valid, has expired or was revoked/);

  await revokeKey(ports, key.id);
  await expect(admitKey(ports, text)).rejects.toMatchObject({ code: "BAD_TOKEN" });
  await expect(revokeKey(ports, key.id)).rejects.toMatchObject({ code: "UNKNOWN_KEY" });
  expect(await ports.ledger.hasKeys()).toBe(true);
});

test("a limited ledger holds what its caller may see, and a scope for no handbook opens nothing", async () => {
  await using ports = await testPorts();
  const mine = await recordTrace(ports, { task: "t", reasoning: "mine", handbook: "me" });
  const theirs = await recordTrace(ports, { task: "t", reasoning: "theirs", handbook: "team" });
  const access = { by: "me", id: "key 1", grants: { read: ["me"], write: ["me"] } };
  const limited = await limit(ports, access, "write");
  expect((await limited.ledger.recentTraces(10)).map(({ id }) => id)).toEqual([mine.trace.id]);
  expect(await limited.ledger.traces([theirs.trace.id, mine.trace.id])).toHaveLength(1);
  expect((await limited.ledger.handbooks()).map(({ slug }) => slug)).toEqual(["me"]);
  const again = { task: "t", reasoning: "theirs", handbook: "team" };
  await expect(recordTrace(limited, again)).rejects.toMatchObject({ code: "FORBIDDEN" });
  await expect(recordTrace(limited, { ...again, handbook: "none" })).rejects.toMatchObject({
    code: "FORBIDDEN",
  });
  expect(await ports.ledger.handbook("none")).toBeUndefined();
  await expect(limit(ports, access, "curate")).rejects.toMatchObject({ code: "FORBIDDEN" });

  const reading = await limit(ports, { ...access, grants: { read: ["*"] } }, "read");
  expect((await reading.ledger.recentTraces(10)).length).toBe(2);
  await retrieve(reading, { task: "t" });
  const none = await limit(ports, { ...access, grants: { write: ["none"] } }, "write");
  expect(await none.ledger.recentTraces(10)).toEqual([]);
});
