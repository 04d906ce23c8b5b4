import { join } from "node:path";
import { expect, test } from "vitest";
import { synthetic } from "../../bench/data.ts";
import { runFleet } from "../../bench/fleet.ts";
import { tempDirectory } from "../ports.ts";

test("five servers over stdio and one over HTTP write into one directory, two are killed: all that was acknowledged is there, once, and found", async () => {
  using directory = tempDirectory();
  const fleet = { processes: 5, attempts: 220, kills: 2 }; // 400 calls that write
  const outcome = await runFleet(join(directory.path, "home"), synthetic(300, 3), fleet);
  expect(outcome).toMatchObject({ lost: 0, duplicates: 0, unfound: 0, killed: 2, faults: [] });
  expect(outcome.acknowledged).toBeGreaterThan(220);
}, 60_000);
