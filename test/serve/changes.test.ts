import { join } from "node:path";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { describe, test } from "vitest";
import { revokeKey } from "../../src/lifecycle/admit.ts";
import { loadHandbook } from "../../src/lifecycle/load.ts";
import type { Ports } from "../../src/ports.ts";
import { tempDirectory } from "../ports.ts";
import { UNDRAWN } from "../undrawn.ts";
import { appAt, newKey, startService } from "./service.ts";

const ENTRY = join(import.meta.dirname, "../../dist/behavior-handbook.js");

function learn(ports: Ports, handbook: string, name: string) {
  const behavior = { name, instruction: "Weigh every crate twice.", when: "", keywords: [] };
  return loadHandbook(ports, { handbook, behaviors: [behavior] }, "import");
}

/** What a client hears of a subscription. */
async function hear(client: Client, uris: string[]) {
  const heard: string[] = [];
  client.setNotificationHandler(
    "notifications/resources/updated",
    ({ params }) => void heard.push(params.uri),
  );
  client.setNotificationHandler("notifications/resources/list_changed", () => void heard.push("list"));
  const subscription = await client.listen({ resourcesListChanged: true, resourceSubscriptions: uris });
  return { heard, subscription };
}

const YARD = "handbook://yard";
const HIDDEN = "handbook://hidden";

describe.concurrent("over HTTP", () => {
  test("a client hears what it may read, whichever process changed it", async ({ expect }) => {
    await using served = await startService();
    const ports = await served.app.ports();
    const { key, text } = await newKey(served.app, { read: ["yard"] }, { name: "k" });
    await learn(ports, "hidden", "behavior_one");
    const client = await served.client(text);
    const { heard } = await hear(client, [YARD, HIDDEN, "behavior://hidden/behavior_two"]);
    await new Promise((resolve) => setTimeout(resolve, 300)); // it looked once
    await learn(ports, "hidden", "behavior_two");
    await learn(ports, "hidden-too", "behavior_two");
    const other = appAt(served.app.config.home);
    await learn(await other.ports(), "yard", "behavior_three");
    await other.close();
    await expect.poll(() => heard, { timeout: 5000 }).toEqual([YARD]);
    await revokeKey(ports, key.id);
    await learn(ports, "yard", "behavior_four");
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(heard).toEqual([YARD]);
  });

  test("who may read all hears of new handbooks", async ({ expect }) => {
    await using served = await startService();
    const { heard } = await hear(await served.client(), [YARD]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await learn(await served.app.ports(), "yard", "behavior_one");
    await expect.poll(() => heard, { timeout: 5000 }).toEqual(["list", YARD]);
  });

  test("who came before there were keys hears nothing more once there is one", async ({ expect }) => {
    await using served = await startService();
    const { heard } = await hear(await served.client(), [YARD]);
    await served.key({ read: ["default"] });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await learn(await served.app.ports(), "yard", "behavior_one");
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(heard).toEqual([]);
  });

  test("a key that subscribes without end keeps nobody else from it", async ({ expect }) => {
    await using served = await startService({}, { maxSubscriptions: 50 });
    const greedy = await served.client(await served.key({ read: ["yard"] }));
    for (let n = 0; n < 60; n++) await greedy.listen({ resourcesListChanged: true }).catch(() => {});
    const { heard } = await hear(await served.client(await served.key({ read: ["yard"] })), [YARD]);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await learn(await served.app.ports(), "yard", "behavior_one");
    await expect.poll(() => heard, { timeout: 5000 }).toContain(YARD);
  });
});

test.concurrent("over stdio a client of 2026-07-28 hears what another process changes", async ({
  expect,
}) => {
  using home = tempDirectory();
  const client = new Client({ name: "t", version: "1" }, { versionNegotiation: { mode: "auto" } });
  const env = { PATH: process.env.PATH ?? "", HANDBOOK_HOME: home.path, ...UNDRAWN };
  await client.connect(
    new StdioClientTransport({ command: process.execPath, args: [ENTRY], env, stderr: "ignore" }),
  );
  const { heard } = await hear(client, ["handbook://default"]);
  await new Promise((resolve) => setTimeout(resolve, 6000)); // it looked once
  const other = appAt(home.path);
  await learn(await other.ports(), "default", "behavior_one");
  await learn(await other.ports(), "yard", "behavior_one");
  await other.close();
  await expect.poll(() => heard.toSorted(), { timeout: 10_000 }).toEqual(["handbook://default", "list"]);
  await client.close();
});
