import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test } from "vitest";
import { machine } from "./run-handbook.ts";

test("a server started by a script of npm ends with the shell between them", async () => {
  using person = machine();
  const script = join(import.meta.dirname, "../../scripts/handbook.ts");
  const shell = spawn("sh", ["-c", `node "${script}" serve --http --port 0; true`], { env: person.env });
  let output = "";
  for await (const chunk of shell.stdout) {
    output += chunk;
    if (output.includes("Ctrl+C")) break;
  }
  const port = /127\.0\.0\.1:(\d+)/.exec(output)?.[1];
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  shell.kill(); // as npm passes a signal on
  await once(shell, "exit");
  await expect
    .poll(() => fetch(`http://127.0.0.1:${port}/healthz`).catch(() => "gone"), { timeout: 10_000 })
    .toBe("gone");
});
