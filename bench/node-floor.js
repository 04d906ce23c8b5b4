// What Node alone needs to answer a line on stdin: no server in it is quicker.
process.stdin.once("data", () => process.stdout.write('{"jsonrpc":"2.0","id":1,"result":{}}\n'));
process.stdin.once("end", () => process.exit(0));
