import { expect, test } from "vitest";
import { tempDirectory } from "../ports.ts";
import { startS3 } from "../s3-server.ts";
import { handbook } from "./handbook.ts";

async function storage(environment: Record<string, string>) {
  using home = tempDirectory();
  const { stdout } = await handbook(["doctor", "--json"], { HANDBOOK_HOME: home.path, ...environment });
  const { checks } = JSON.parse(stdout) as { checks: { check: string }[] };
  return checks.find(({ check }) => check === "index storage");
}

test("the doctor tries an object storage, and says why one that loses commits is refused", async () => {
  await using good = await startS3();
  const uri = { HANDBOOK_INDEX_URI: "s3://bucket/index" };
  expect(await storage({ ...uri, ...good.environment })).toMatchObject({
    status: "ok",
    message: `indexes are in s3://bucket/index; ${good.url} honors conditional PUT`,
  });
  await using bad = await startS3({ conditional: false });
  expect(await storage({ ...uri, ...bad.environment })).toMatchObject({
    status: "failed",
    message: expect.stringContaining("does not honor conditional PUT"),
    fix: expect.stringContaining("HANDBOOK_INDEX_URI"),
  });
  expect(await storage({})).toBeUndefined();
});
