// The command from a checkout: `npm --prefix <checkout> run -s handbook -- <arguments>` works in the folder that it was
// called in, where npm itself would go to the checkout.
import { join } from "node:path";

// A signal to npm ends the shell between npm and this process, and not this process: a server would live on.
const shell = process.ppid;
const watch = setInterval(() => {
  if (process.ppid === shell) return;
  clearInterval(watch);
  process.kill(process.pid, "SIGTERM");
}, 500).unref();

const entry = join(import.meta.dirname, "../dist/behavior-handbook.js");
process.chdir(process.env.INIT_CWD ?? ".");
process.argv[1] = entry;
await import(entry);
