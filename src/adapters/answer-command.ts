import { spawn } from "node:child_process";
import { once } from "node:events";
import { HandbookError } from "../errors.ts";

const MAX_ERROR = 500; // characters of what it wrote to stderr

/**
 * A command of the user's own as a judge of answers, run by the shell: it gets one JSON object on stdin and says by its
 * exit code whether the answer is right, 0, or wrong, 1. With it, and at the latest after `limitMs`, its children end.
 *
 * Throws, when it is asked: CHECK_FAILED for any other end.
 */
export function answerCommand(command: string, { limitMs }: { limitMs: number }) {
  return async (problem: object, given: { text: string; answer?: string | undefined }): Promise<boolean> => {
    const isPosix = process.platform !== "win32";
    const child = spawn(command, { shell: true, detached: isPosix, stdio: ["pipe", "ignore", "pipe"] });
    let complaint = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      complaint = `${complaint}${text}`.slice(-MAX_ERROR);
    });
    const end = () => {
      try {
        if (isPosix && child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
        else child.kill("SIGKILL");
      } catch {
        // It and its children are gone.
      }
    };
    let isLate = false;
    const limit = setTimeout(() => {
      isLate = true;
      end();
    }, limitMs);
    child.stdin.on("error", () => {}); // it may judge without reading all
    child.stdin.end(JSON.stringify({ problem, ...given }));
    // Not "close": a child that goes on may hold stderr for ever.
    const [code] = await once(child, "exit").finally(() => clearTimeout(limit));
    end();
    child.stderr.destroy();
    if (!isLate && (code === 0 || code === 1)) return code === 0;
    const how = isLate ? `took longer than ${limitMs / 1000} s` : `ended with ${code ?? "a signal"}`;
    throw new HandbookError("CHECK_FAILED", `the checking command ${how}`, {
      fix: "It has to end with 0 for a right answer and with 1 for a wrong one",
      cause: complaint,
    });
  };
}
