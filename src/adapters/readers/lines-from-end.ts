import type { FileHandle } from "node:fs/promises";

const BLOCK = 256 * 1024;
const NEWLINE = 0x0a;

/**
 * The lines of a file, last one first, without reading more of it than was asked for. A sequence of bytes that is
 * no UTF-8 becomes replacement characters; blank lines are left out.
 */
export async function* linesFromEnd(file: FileHandle): AsyncGenerator<string> {
  let end = (await file.stat()).size;
  let pieces: Buffer[] = []; // of the line that is not whole yet, in the order of the file
  while (end > 0) {
    const length = Math.min(BLOCK, end);
    const block = Buffer.alloc(length);
    const { bytesRead } = await file.read(block, 0, length, end - length);
    if (bytesRead < length) return; // it was cut short meanwhile
    end -= length;
    let to = length;
    for (let at = block.lastIndexOf(NEWLINE); at >= 0; at = block.subarray(0, at).lastIndexOf(NEWLINE)) {
      const line = Buffer.concat([block.subarray(at + 1, to), ...pieces]).toString();
      pieces = [];
      to = at;
      if (line.trim() !== "") yield line;
      if (at === 0) break;
    }
    pieces.unshift(block.subarray(0, to));
  }
  const first = Buffer.concat(pieces).toString();
  if (first.trim() !== "") yield first;
}
