import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { synthetic } from "../../../bench/data.ts";
import { requireConditionalPut } from "../../../src/adapters/lance/conditional-put.ts";
import { largeIndex } from "../../../src/adapters/lexical/large-index.ts";
import { openSqliteLedger } from "../../../src/adapters/sql/sqlite-ledger.ts";
import { loadHandbook } from "../../../src/lifecycle/load.ts";
import { lexicalRules } from "../../../src/rules/lexical.ts";
import { hashEmbedder } from "../../hash-embedder.ts";
import {
  eventually,
  put,
  startVectorProcess,
  storedIds,
  textsAt,
  upToDate,
  vectorsAt,
  wantedIds,
} from "../../lance.ts";
import { tempDirectory, testPorts } from "../../ports.ts";
import { startS3 } from "../../s3-server.ts";

const find = (text: string) => ({ text, handbooks: ["default"], limit: 3, also: [] });

test.concurrent("the index by meaning lives on object storage, and is gone on with through ten seconds of 503", async () => {
  await using s3 = await startS3();
  await using ports = await testPorts();
  const place = { ...ports, s3 };
  await put(ports.ledger, "behavior_quokka", { instruction: "Feed the quokka its leaves." });
  const vectors = vectorsAt(place, hashEmbedder());
  await upToDate(ports.ledger, vectors);
  expect((await vectors.search(find("Feed the quokka")))?.[0]?.name).toBe("behavior_quokka");
  expect([...s3.objects.keys()].every((key) => key.startsWith("bucket/index/vectors_g1_"))).toBe(true);

  s3.fail(10_000);
  for (let i = 0; i < 20; i++) {
    await put(ports.ledger, `behavior_meanwhile_${i}`, { instruction: `Meanwhile ${i}.` });
    await sleep(50);
  }
  await eventually(async () => s3.failed() > 3);
  await eventually(async () => vectors.progress().seq >= (await ports.ledger.headSeq()), 25_000);
  expect(s3.failed()).toBeGreaterThan(3);
  expect((await vectors.search(find("Meanwhile 7.")))?.[0]?.name).toBe("behavior_meanwhile_7");
  await vectors.close();
  expect(await storedIds(place, "vectors")).toEqual(await wantedIds(ports.ledger));
});

test.concurrent("full text for very many behaviors lives there too", async () => {
  await using s3 = await startS3();
  await using ports = await testPorts();
  const made = synthetic(600, 7);
  await loadHandbook(ports, made.handbook, "import");
  const texts = textsAt({ ...ports, s3 });
  expect(await texts.rebuild(() => {})).toMatchObject({ rows: 600 });
  const [one] = made.handbook.behaviors;
  const { hits, sources } = await largeIndex(ports.ledger, lexicalRules, texts).search(
    find(one?.instruction ?? ""),
  );
  expect(sources).toEqual(["lexical"]);
  expect(hits[0]?.name).toBe(one?.name);
  expect((await texts.candidates(find(one?.instruction ?? "")))?.[0]?.name).toBe(one?.name);
  await texts.close();
});

test.concurrent("two processes write, one is killed: the table equals the ledger, each row once", async () => {
  await using s3 = await startS3();
  using directory = tempDirectory();
  const { path } = directory;
  const [first, second] = ["a", "b"].map((label) =>
    startVectorProcess(path, label, 60, { storage: s3.storage }),
  );
  if (!first || !second) throw new Error("there are two");
  await eventually(async () => first.acknowledged.length >= 30);
  first.child.kill("SIGKILL");
  await eventually(async () => second.acknowledged.length === 60);
  second.child.stdin.end();
  await second.ended;
  const ledger = await openSqliteLedger(join(path, "handbook.sqlite"));
  const vectors = vectorsAt({ ledger, path, s3 }, hashEmbedder());
  await upToDate(ledger, vectors);
  await vectors.close();
  expect(await storedIds({ ledger, path, s3 }, "vectors")).toEqual(await wantedIds(ledger));
  await ledger.close();
});

test.concurrent("an endpoint without conditional PUT is refused before anything is written", async () => {
  await using s3 = await startS3({ conditional: false });
  await using ports = await testPorts();
  await put(ports.ledger, "behavior_quokka", {});
  const vectors = vectorsAt({ ...ports, s3 }, hashEmbedder());
  await eventually(async () => vectors.progress().fault);
  expect(vectors.progress().fault).toMatch(
    /^INDEX_UNAVAILABLE: .*does not honor conditional PUT \(it granted 4 of 4/,
  );
  expect(await vectors.search(find("quokka"))).toBeUndefined();
  await expect(vectors.rebuild(() => {})).rejects.toMatchObject({ code: "INDEX_UNAVAILABLE" });
  await vectors.close();
  expect([...s3.objects.keys()]).toEqual([]);
});

test.concurrent("the test of an endpoint leaves nothing there, and says what is wrong with one that does not answer", async () => {
  await using s3 = await startS3();
  const place = { uri: "s3://bucket/index", storage: s3.storage };
  await requireConditionalPut(place);
  expect(s3.objects.size).toBe(0);
  s3.fail(1000);
  await expect(requireConditionalPut(place)).rejects.toThrow(/answered 503 to a PUT/);
  const silent = { options: { ...s3.storage.options, aws_endpoint: "http://127.0.0.1:9" } };
  await expect(requireConditionalPut({ ...place, storage: silent })).rejects.toThrow(/does not answer/);
  await expect(
    requireConditionalPut({ ...place, storage: { options: { aws_endpoint: s3.url } } }),
  ).rejects.toMatchObject({ fix: expect.stringContaining("AWS_ACCESS_KEY_ID") });
});
