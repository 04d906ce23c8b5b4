import { join } from "node:path";
import { expect, test } from "vitest";
import { keptAnswers } from "../../src/adapters/kept-answers.ts";
import { openaiLlm } from "../../src/adapters/openai-llm.ts";
import { startChatServer } from "../chat-server.ts";
import { tempDirectory } from "../ports.ts";

const ask = [{ role: "user" as const, content: "How many?" }];

test("the same question is paid for once, in this process, at the same time and in the next one", async () => {
  using directory = tempDirectory();
  await using server = await startChatServer(({ seed }) => `Seven, by seed ${seed}.`);
  const llm = openaiLlm({ baseUrl: server.baseUrl, apiKey: "none", model: "m" });
  const path = join(directory.path, "cache", "answers.sqlite");
  {
    using kept = keptAnswers(path);
    const model = kept.of(llm);
    const both = await Promise.all([model.complete(ask, { seed: 1 }), model.complete(ask, { seed: 1 })]);
    expect(both.map(({ text }) => text)).toEqual(["Seven, by seed 1.", "Seven, by seed 1."]);
    expect((await model.complete(ask, { seed: 2 })).text).toBe("Seven, by seed 2.");
    await model.complete(ask, { seed: 2, maxTokens: 10 });
    expect(server.requests).toHaveLength(3);
  }
  using kept = keptAnswers(path);
  const model = kept.of(llm);
  expect(await model.complete(ask, { seed: 1 })).toEqual({
    text: "Seven, by seed 1.",
    isCut: false,
    input_tokens: 7,
    output_tokens: 3,
  });
  await kept
    .of(openaiLlm({ baseUrl: server.baseUrl, apiKey: "none", model: "other" }))
    .complete(ask, { seed: 1 });
  expect([server.requests.length, model.fromFile()]).toEqual([4, 1]);
});

test("a question that failed is asked again", async () => {
  using directory = tempDirectory();
  await using server = await startChatServer([400, "Seven."]);
  using kept = keptAnswers(join(directory.path, "answers.sqlite"));
  const model = kept.of(openaiLlm({ baseUrl: server.baseUrl, apiKey: "none", model: "m" }));
  await expect(model.complete(ask)).rejects.toMatchObject({ code: "LLM_UNAVAILABLE" });
  expect((await model.complete(ask)).text).toBe("Seven.");
});
