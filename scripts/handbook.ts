// The command from a checkout: `npm --prefix <checkout> run -s handbook -- <arguments>` works in the folder that it was
// called in, where npm itself would go to the checkout.
import { join } from "node:path";

const entry = join(import.meta.dirname, "../dist/behavior-handbook.js");
process.chdir(process.env.INIT_CWD ?? ".");
process.argv[1] = entry;
await import(entry);
