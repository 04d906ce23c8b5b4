import { Command } from "commander";
import { Variables } from "../config/variables.ts";
import { type Config, readConfig, unknownVariables } from "../config.ts";
import { checkDirectory } from "./doctor-directory.ts";
import { attempt, type Check, type Finding, failure, skipped } from "./doctor-finding.ts";
import { checkIssuer } from "./doctor-issuer.ts";
import { examineLedger } from "./doctor-ledger.ts";
import { checkMeaning } from "./doctor-meaning.ts";
import { checkModel, modelsToCheck } from "./doctor-model.ts";
import { checkStorage } from "./doctor-storage.ts";
import { print } from "./open.ts";

export function doctorCommand(): Command {
  return new Command("doctor")
    .description("check the installation, and say how to mend what is wrong with it")
    .option("--json", "print JSON")
    .action(async ({ json }: { json?: boolean }) => {
      const checks: Check[] = [];
      for await (const check of examine()) {
        checks.push(check);
        if (!json) process.stdout.write(`${lines(check)}\n`); // at once: some checks take seconds
      }
      const isWell = checks.every(({ status }) => status === "ok");
      if (json) print({ ok: isWell, checks }, true, () => "");
      process.exitCode = isWell ? 0 : 1;
    });
}

const MARKS = { ok: "ok     ", failed: "FAILED ", skipped: "skipped" };

function lines(check: Check): string {
  const line = `${MARKS[check.status]}  ${check.check}: ${check.message}`;
  return check.status === "failed" ? `${line}\n         ${check.fix}` : line;
}

/** The checks, each as it is done. Whatever breaks is a finding; nothing is thrown. */
async function* examine(): AsyncGenerator<Check> {
  // An older Node does not come this far: the entry point says so.
  yield {
    check: "node",
    status: "ok",
    message: `${process.versions.node} on ${process.platform} ${process.arch}`,
  };
  yield { check: "variables", ...variables() };
  const config = configuration();
  if ("status" in config) {
    yield { check: "configuration", ...config };
    yield* skipped(
      ["data directory", "ledger", "starters", "index", "meaning", "model"],
      "the configuration",
    );
    return;
  }
  yield { check: "configuration", status: "ok", message: "valid" };
  const directory = await attempt(() => checkDirectory(config.home));
  yield { check: "data directory", ...directory };
  if (directory.status === "ok") yield* examineLedger(config);
  else yield* skipped(["ledger", "starters", "index"], "the data directory");
  yield { check: "meaning", ...(await attempt(() => checkMeaning(config))) };
  if (/^\w+:\/\//.test(config.indexUri))
    yield { check: "index storage", ...(await attempt(() => checkStorage(config))) };
  if (config.serving.oauth !== undefined)
    yield { check: "issuer", ...(await attempt(() => checkIssuer(config))) };
  for (const role of modelsToCheck(config))
    yield { check: role, ...(await attempt(() => checkModel(config[role], role))) };
}

function variables(): Finding {
  const unknown = unknownVariables();
  if (unknown.length === 0) return { status: "ok", message: "no unknown HANDBOOK_* variable is set" };
  const known = Object.keys(Variables.shape).filter((name) => name.startsWith("HANDBOOK_"));
  return {
    status: "failed",
    message: `nothing reads ${unknown.join(", ")}`,
    fix: `Correct the name or unset it. These are read: ${known.join(", ")}.`,
  };
}

function configuration(): Config | Finding {
  try {
    return readConfig();
  } catch (error) {
    return failure(error);
  }
}
