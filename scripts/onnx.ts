// Writes ONNX files: as much of the format as a transformer needs, encoded as protocol buffers by hand.
// Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3

const FLOAT = 1;
const INT8 = 3;
const INT64 = 7;

/** A graph under construction. Every method that computes returns the name of its result. */
export class OnnxGraph {
  #parts: Buffer[] = [];
  #names = 0;

  /** An operator of the standard set, with one result or, named in `results`, several. */
  node(
    type: string,
    inputs: readonly string[],
    attributes: Record<string, number | readonly number[]> = {},
    results: readonly string[] = [this.#name(type)],
  ): string {
    const fields = [
      ...inputs.map((input) => text(1, input)),
      ...results.map((result) => text(2, result)),
      text(4, type),
      ...Object.entries(attributes).map(([name, value]) => message(5, attribute(name, value))),
    ];
    this.#parts.push(message(1, Buffer.concat(fields)));
    const [first = ""] = results;
    return first;
  }

  constant(shape: readonly number[], values: Float32Array | Int8Array | BigInt64Array): string {
    const name = this.#name("constant");
    const type = values instanceof Float32Array ? FLOAT : values instanceof Int8Array ? INT8 : INT64;
    const raw = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
    const fields = [...shape.map((size) => integer(1, size)), integer(2, type), text(8, name), bytes(9, raw)];
    this.#parts.push(message(5, Buffer.concat(fields)));
    return name;
  }

  scalar(value: number): string {
    return this.constant([], Float32Array.of(value));
  }

  integers(...values: number[]): string {
    return this.constant([values.length], BigInt64Array.from(values, BigInt));
  }

  input(name: string, shape: readonly string[]): string {
    this.#parts.push(message(11, valueInfo(name, INT64, shape)));
    return name;
  }

  output(name: string, shape: readonly (string | number)[]): void {
    this.#parts.push(message(12, valueInfo(name, FLOAT, shape)));
  }

  /** The file: IR version 8, operator set 17, which is older than every runtime in use. */
  file(): Buffer {
    const graph = Buffer.concat([...this.#parts, text(2, "graph")]);
    return Buffer.concat([integer(1, 8), message(7, graph), message(8, integer(2, 17))]);
  }

  #name(of: string): string {
    return `${of}_${this.#names++}`;
  }
}

function attribute(name: string, value: number | readonly number[]): Buffer {
  if (typeof value !== "number") {
    return Buffer.concat([text(1, name), ...value.map((each) => integer(8, each)), integer(20, 7)]);
  }
  if (Number.isInteger(value)) return Buffer.concat([text(1, name), integer(3, value), integer(20, 2)]);
  const float = Buffer.alloc(4);
  float.writeFloatLE(value);
  return Buffer.concat([text(1, name), tag(2, 5), float, integer(20, 1)]);
}

function valueInfo(name: string, type: number, shape: readonly (string | number)[]): Buffer {
  const sizes = shape.map((size) => message(1, typeof size === "number" ? integer(1, size) : text(2, size)));
  const tensor = Buffer.concat([integer(1, type), message(2, Buffer.concat(sizes))]);
  return Buffer.concat([text(1, name), message(2, message(1, tensor))]);
}

function tag(field: number, wireType: number): Buffer {
  return varint((field << 3) | wireType);
}

function integer(field: number, value: number): Buffer {
  return Buffer.concat([tag(field, 0), varint(value)]);
}

function bytes(field: number, value: Buffer): Buffer {
  return Buffer.concat([tag(field, 2), varint(value.length), value]);
}

function message(field: number, content: Buffer): Buffer {
  return bytes(field, content);
}

function text(field: number, value: string): Buffer {
  return bytes(field, Buffer.from(value));
}

function varint(value: number): Buffer {
  let rest = BigInt.asUintN(64, BigInt(value));
  const digits: number[] = [];
  while (rest > 127n) {
    digits.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return Buffer.from([...digits, Number(rest)]);
}
