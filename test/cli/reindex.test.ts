import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeRandomModel } from "../../scripts/random-model.ts";
import { startEmbeddingServer } from "../embedding-server.ts";
import { startModelHub } from "../model-hub.ts";
import { tempDirectory } from "../ports.ts";
import { machine, runBuilt, runHandbook } from "./run-handbook.ts";

const HANDBOOK = {
  format: "behavior-handbook/1",
  handbook: "default",
  behaviors: ["feed", "brush", "walk"].map((what) => ({
    name: `behavior_${what}_the_quokka`,
    instruction: `Remember to ${what} the quokka.`,
  })),
};

test("reindex builds the index by meaning anew and says so, and takes away the copy of the one in memory", async () => {
  await using endpoint = await startEmbeddingServer([], (texts) =>
    texts.map((text, index) => ({ index, embedding: [text.length, 1, 2, 3] })),
  );
  using at = machine({
    HANDBOOK_STARTERS: "off",
    HANDBOOK_EMBEDDER: "openai",
    HANDBOOK_EMBEDDER_MODEL: "by-length",
    HANDBOOK_EMBEDDER_URL: endpoint.baseUrl,
  });
  const file = join(at.project, "handbook.json");
  writeFileSync(file, JSON.stringify(HANDBOOK));
  expect((await runBuilt(at, ["import", file])).code).toBe(0);

  const first = await runBuilt(at, ["reindex", "--json"]);
  expect(first.stderr).toBe("");
  expect(JSON.parse(first.stdout)).toMatchObject([
    { index: "vectors", rows: 3, table: expect.stringMatching(/^vectors_g1_/) },
  ]);
  const second = await runHandbook(at, ["reindex"]);
  expect(second.code).toBe(0);
  expect(second.stdout).toMatch(
    /The index of vectors is built anew: 3 rows in the table vectors_g2_\w+, in [\d.]+ s\./,
  );
  expect(readdirSync(join(at.data, "index"))).toContainEqual(
    expect.stringMatching(/^vectors_g2_\w+\.lance$/),
  );
});

test("reindex waits for a model that is still to be downloaded, and shows it", async () => {
  using made = tempDirectory();
  writeRandomModel(join(made.path, "some/model"));
  await using hub = await startModelHub(made.path);
  using at = machine({
    HANDBOOK_STARTERS: "off",
    HANDBOOK_EMBEDDER: "local",
    HANDBOOK_EMBEDDER_MODEL: "some/model",
    HF_ENDPOINT: hub.url,
  });
  const { code, stdout, stderr } = await runHandbook(at, ["reindex"]);
  expect(stderr).toMatch(/some\/model: \[.*MB of a file downloaded/);
  expect(stdout).toContain("The index of vectors is built anew: 0 rows");
  expect(code).toBe(0);
});

test("reindex says what stops it", async () => {
  using at = machine({
    HANDBOOK_EMBEDDER: "openai",
    HANDBOOK_EMBEDDER_MODEL: "nobody",
    HANDBOOK_EMBEDDER_URL: "http://127.0.0.1:9",
  });
  const { code, stderr } = await runHandbook(at, ["reindex", "--json"]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^EMBEDDER_UNAVAILABLE: /);
});

test("without an index on disk there is only the copy to take away", async () => {
  using at = machine({ HANDBOOK_EMBEDDER: "none" });
  const { code, stdout } = await runHandbook(at, ["reindex"]);
  expect(code).toBe(0);
  expect(stdout).toBe("The index of words in memory is read from the ledger at the next start.\n");
});
