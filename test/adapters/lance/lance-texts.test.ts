import { describe, expect, test } from "vitest";
import { queryWords } from "../../../src/adapters/lance/lance-texts.ts";
import { recordTrace } from "../../../src/lifecycle/record.ts";
import { put, storedIds, textsAt, upToDate } from "../../lance.ts";
import { testPorts } from "../../ports.ts";

describe("candidates", () => {
  test("share words with the text in any form, the behavior's or a solved task's, best first", async () => {
    await using ports = await testPorts();
    const { trace } = await recordTrace(ports, { task: "Peel seventeen bananas", reasoning: "r" });
    await put(ports.ledger, "behavior_feed_quokka", { instruction: "Feed the quokka.", sources: [trace.id] });
    await put(ports.ledger, "behavior_name_things", { instruction: "Rename getUserName." });
    await put(ports.ledger, "behavior_retired", { instruction: "Feed the quokka.", status: "retired" });
    const texts = textsAt(ports);
    await upToDate(ports.ledger, texts);
    const names = async (text: string, topic?: string) =>
      (await texts.candidates({ text, handbooks: ["default"], topic, limit: 10 }))?.map(({ name }) => name);
    expect(await names("feeding quokkas")).toEqual(["behavior_feed_quokka"]);
    expect(await names("a banana")).toEqual(["behavior_feed_quokka"]);
    expect(await names("user names")).toEqual(["behavior_name_things"]);
    expect(await names("giraffes")).toEqual([]);
    expect(await names("the of and")).toEqual([]);
    expect(await names("")).toEqual([]);
    for (const text of ['"feed the quokka"', "quokka AND (feed", "quokka:* -feed^2 ~", "quokka' OR '1'='1"])
      expect(await names(text), text).toEqual(["behavior_feed_quokka"]);
    await texts.close();
  });

  test("stay in their handbooks, and with a topic are all of it", async () => {
    await using ports = await testPorts();
    const { ledger } = ports;
    await ledger.write((tx) => tx.addHandbook({ slug: "other", created_at: new Date().toISOString() }));
    await put(ledger, "behavior_a", { topic: "Bird's Song" });
    await put(ledger, "behavior_b", { topic: "bird's song", instruction: "Feed the quokka." });
    await put(ledger, "behavior_c", { instruction: "Feed the quokka." });
    await put(ledger, "behavior_d", { handbook: "other", instruction: "Feed the quokka." });
    const texts = textsAt(ports);
    await upToDate(ledger, texts);
    const names = async (handbooks: string[], topic?: string) =>
      (await texts.candidates({ text: "quokka", handbooks, topic, limit: 10 }))?.map(({ name }) => name);
    expect((await names(["default"]))?.sort()).toEqual(["behavior_b", "behavior_c"]);
    expect(await names(["other"])).toEqual(["behavior_d"]);
    expect(await names([])).toEqual([]);
    expect(await names(["default' OR '1'='1"])).toEqual([]);
    expect(await names(["default", "other"], "BIRD'S song")).toEqual(["behavior_b", "behavior_a"]);
    expect(await names(["default", "other"], "x' OR '1'='1")).toEqual([]);
    expect(texts.progress().fault).toBeUndefined();
    await texts.close();
  });

  test("follow every change, also of what was indexed before", async () => {
    await using ports = await testPorts();
    const { ledger } = ports;
    for (let i = 0; i < 250; i++) await put(ledger, `behavior_n${i}`, { instruction: "Feed the quokka." });
    const texts = textsAt(ports);
    await upToDate(ledger, texts);
    const found = async (text: string) =>
      (await texts.candidates({ text, handbooks: ["default"], limit: 300 }))?.length;
    expect(await found("quokka")).toBe(250);
    await put(ledger, "behavior_n7", { instruction: "Sing a song." });
    await put(ledger, "behavior_n8", { status: "retired" });
    await put(ledger, "behavior_new", { instruction: "Sing another song." });
    await upToDate(ledger, texts);
    expect(await found("quokka")).toBe(248);
    expect(await found("songs")).toBe(2);
    expect(await storedIds(ports, "texts")).toHaveLength(250);
    expect(await texts.rebuild(() => {})).toMatchObject({ rows: 250 });
    expect(await found("quokka")).toBe(248);
    await texts.close();
  });
});

test("the words of a query are its first ones, each once", () => {
  expect(queryWords('the "quick" quickFix, quick! x')).toEqual(["the", "quick", "fix"]);
  expect(queryWords(Array.from({ length: 200 }, (_, i) => `w${i} ${i}`).join(" "))).toHaveLength(64);
  expect(queryWords("a".repeat(50))).toEqual([]);
});
