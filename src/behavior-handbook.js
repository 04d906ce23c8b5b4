#!/usr/bin/env node
// The entry point, in plain JavaScript that old versions of Node can read: it must be able to say that they are too
// old, so it imports nothing until it has looked.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    `behavior-handbook needs Node.js 22.18 or newer, and this is ${process.versions.node}: install a current one from https://nodejs.org and start it again.\n`,
  );
  process.exit(1);
}

// Compiled code is kept between starts (in Node's own cache directory), so that a client waits less.
process.getBuiltinModule("node:module").enableCompileCache();

// stdout belongs to the protocol: whatever a dependency prints goes to stderr.
for (const method of ["log", "info", "debug"]) console[method] = console.error;

// SQLite is experimental in Node 22 by name only; the warning would look like a fault in every client's log.
const emitWarning = process.emitWarning;
process.emitWarning = (warning, ...rest) => {
  if (!/SQLite is an experimental feature/.test(String(warning))) emitWarning.call(process, warning, ...rest);
};

const argv = process.argv.slice(2);
// A client starts the bare command with a pipe on stdin; a person at a terminal is shown what there is.
const bare = argv.length === 0;
if ((bare && !process.stdin.isTTY) || (argv.length === 1 && argv[0] === "serve")) {
  import("./cli/serve-stdio.ts").then(({ serveStdio }) => serveStdio());
} else {
  import("./cli/main.ts").then(async ({ main }) => {
    process.exitCode = await main(bare ? ["--help"] : argv);
  });
}
