import { expect, test } from "vitest";
import { synthetic } from "../../bench/data.ts";
import { summarize } from "../../bench/measure.ts";
import { runReplicas } from "../../bench/replica-set.ts";
import { freshLedger, tempDirectory } from "../ports.ts";

const SLACK = 5; // tests run beside each other; `npm run bench -- replicas` measures alone

test("three servers on one PostgreSQL and one object storage, two are killed: what was acknowledged is there once, in the index too, and served by the others at the next question", async () => {
  using directory = tempDirectory();
  const set = { replicas: 3, clients: 12, tasks: 36, kills: 2 };
  const url = await freshLedger(directory.path);
  const outcome = await runReplicas(directory.path, url, synthetic(300, 3), set);
  const { answered, visible, visibleCalm, visibleByMeaning, meaningCalm, ...rest } = outcome;
  const { p50, p95, max, n } = summarize(visible);
  const calm = summarize(visibleCalm);
  const question = summarize(answered);
  console.error(
    `served by another server after p50 ${p50.toFixed()} ms, p95 ${p95.toFixed()} ms, max ${max.toFixed()} ms (n = ${n}), with idle clients p50 ${calm.p50.toFixed()} ms, p95 ${calm.p95.toFixed()} ms; by meaning then ${meaningCalm.map(Math.round)} ms, before ${visibleByMeaning.length} times and ${rest.unseenByMeaning} times not within 20 s; a question itself p50 ${question.p50.toFixed()} ms, p95 ${question.p95.toFixed()} ms; ${rest.twinsStored} of ${rest.twins} twins stored twice; ${rest.seconds.toFixed(1)} s, index ${rest.caughtUpMs.toFixed()} ms later; ${rest.retried} calls sent again`,
  );
  const none = { lost: 0, duplicates: 0, indexFaults: 0, askedAgain: 0, twinsStored: 0, faults: [] };
  expect(rest).toMatchObject({ ...none, killed: 2 });
  expect(outcome.acknowledged).toBeGreaterThan(2 * 36);
  expect(outcome.indexRows).toBeGreaterThan(10);
  expect(n).toBeGreaterThan(10);
  expect(meaningCalm.length).toBeGreaterThan(3);
  expect(calm.p95).toBeLessThan(2000 * SLACK);
}, 120_000);
