import * as z from "zod";

/** Empty means unset, as shells and client configurations write it. */
const setting = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (typeof value === "string" && value.trim() === "" ? undefined : value), schema);

const number = () => z.coerce.number("it must be a number");

/** What `pg` connects to. Its value holds a password, so no message repeats it. */
const DatabaseUrl = z
  .string()
  .trim()
  .refine((value) => {
    if (!/^postgres(ql)?:\/\//.test(value) || !URL.canParse(value)) return false;
    const { username, password } = new URL(value);
    return !/%(?![\da-f]{2})/i.test(username + password);
  }, "it must read postgres://user:password@host:5432/database, with special characters percent-encoded");

/** A directory, or a place by its scheme. One letter before a colon is a drive. */
const IndexUri = z
  .string()
  .refine(
    (value) => !/^[a-z][a-z\d+.-]+:(?!\/\/)/i.test(value),
    "after the scheme there must be ://, as in s3://bucket/path",
  );

/** Three prices with commas between. */
const Prices = z
  .string()
  .refine(
    (value) => /^\s*\d+(\.\d+)?(\s*,\s*\d+(\.\d+)?){2}\s*$/.test(value),
    "write three numbers with commas between, such as 15,3,0.3",
  )
  .transform((value) => {
    const [output = 0, input = 0, cached = 0] = value.split(",").map(Number);
    return { output, input, cached };
  });

/** Handbooks with commas between. */
const Slug = z
  .string()
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, "write lower-case letters, digits and single dashes")
  .max(64);
const Slugs = z
  .string()
  .transform((value) => [...new Set(value.split(",").map((slug) => slug.trim()))])
  .pipe(z.array(Slug));

/**
 * Every variable that is read, with its meaning, unit and default. The table in the README is made from it.
 */
export const Variables = z.object({
  HANDBOOK_HOME: setting(z.string().optional()).describe(
    "Data directory. Default: `behavior-handbook` in the platform's user data directory.",
  ),
  HANDBOOK_DATABASE_URL: setting(DatabaseUrl.optional()).describe(
    "PostgreSQL database for the ledger, for many machines: `postgres://user:password@host:5432/database`. Default: none, the ledger is SQLite in the data directory.",
  ),
  HANDBOOK_STARTERS: setting(z.enum(["on", "off"]).default("on")).describe(
    "Whether every retrieval also searches the starter handbooks: `on` (default) or `off`.",
  ),
  HANDBOOK_MODEL: setting(z.string().optional()).describe(
    "Model that the server reflects with. Default: none, the calling agent reflects.",
  ),
  OPENAI_BASE_URL: setting(z.string().optional()).describe(
    "Any OpenAI-compatible endpoint for `HANDBOOK_MODEL`. Default: OpenAI's.",
  ),
  OPENAI_API_KEY: setting(z.string().optional()).describe("Key for that endpoint."),
  HANDBOOK_TEACHER: setting(z.string().optional()).describe(
    "Model that writes what another one is trained on (`handbook export`). Default: `HANDBOOK_MODEL`.",
  ),
  HANDBOOK_TEACHER_URL: setting(z.string().optional()).describe(
    "OpenAI-compatible endpoint of the teacher. Default: `OPENAI_BASE_URL`, else OpenAI's.",
  ),
  HANDBOOK_TEACHER_KEY: setting(z.string().optional()).describe(
    "Key for that endpoint. Default: `OPENAI_API_KEY`.",
  ),
  HANDBOOK_STUDENT: setting(z.string().optional()).describe(
    "Model that solves tasks with and without behaviors (`handbook evaluate`). Default: `HANDBOOK_MODEL`.",
  ),
  HANDBOOK_STUDENT_URL: setting(z.string().optional()).describe(
    "OpenAI-compatible endpoint of the student. Default: `OPENAI_BASE_URL`, else OpenAI's.",
  ),
  HANDBOOK_STUDENT_KEY: setting(z.string().optional()).describe(
    "Key for that endpoint. Default: `OPENAI_API_KEY`.",
  ),
  HANDBOOK_EMBEDDER: setting(z.enum(["auto", "none", "local", "openai"]).default("auto")).describe(
    "What turns texts into vectors, to find by meaning too: `none`, `local` (a model in this process, downloaded once), `openai` (any OpenAI-compatible `/embeddings`), or `auto` (default): `local` where its packages are installed and its model was downloaded, else `none`.",
  ),
  HANDBOOK_EMBEDDER_MODEL: setting(z.string().optional()).describe(
    "Model of the embedder. For `local` a model of the hub with an 8-bit ONNX file, such as `Xenova/bge-m3`. Default: `Xenova/bge-small-en-v1.5` for `local`, none for `openai`.",
  ),
  HANDBOOK_EMBEDDER_URL: setting(z.string().optional()).describe(
    "Endpoint of `openai`, without `/embeddings`. Default: `OPENAI_BASE_URL`, else OpenAI's.",
  ),
  HANDBOOK_EMBEDDER_KEY: setting(z.string().optional()).describe(
    "Key for that endpoint. Default: `OPENAI_API_KEY`, which is sent only with `HANDBOOK_EMBEDDER=openai`.",
  ),
  HANDBOOK_EMBEDDER_DIMENSIONS: setting(number().int().min(1).max(16_384).optional()).describe(
    "Length of the vectors asked for from `openai`. Default: the model's own.",
  ),
  HANDBOOK_EMBEDDER_POOLING: setting(z.enum(["cls", "mean", "last_token"]).optional()).describe(
    "How `local` makes one vector of a text's tokens: `cls`, `mean` or `last_token`. Default: as the model was trained, where that is known, else `mean`.",
  ),
  HANDBOOK_EMBEDDER_PREFIX: setting(z.string().optional()).describe(
    "What stands before a question when it is embedded. Default: as the model was trained, where that is known, else nothing.",
  ),
  HANDBOOK_EMBEDDER_WAIT_MS: setting(number().int().min(0).max(10_000).default(40)).describe(
    "Milliseconds that a retrieval waits for vectors before it answers without. Default: 40.",
  ),
  HANDBOOK_MODELS: setting(z.string().optional()).describe(
    "Directory of the models of `local`, each in a folder of its name. Default: `models` in the data directory.",
  ),
  HANDBOOK_OFFLINE: setting(z.enum(["on", "off"]).default("off")).describe(
    "Whether nothing is ever downloaded: `on` or `off` (default).",
  ),
  HF_ENDPOINT: setting(z.string().optional()).describe(
    "Hub that the models of `local` are downloaded from. Default: `https://huggingface.co`.",
  ),
  HANDBOOK_MEMORY_BEHAVIORS: setting(number().int().min(1000).default(100_000)).describe(
    "Behaviors up to which the index of their words is held in memory. Beyond it, LanceDB finds candidates on disk, where it is installed. Default: 100000.",
  ),
  HANDBOOK_INDEX_URI: setting(IndexUri.optional()).describe(
    "Where the indexes in LanceDB are: a directory, or what LanceDB takes, such as `s3://bucket/path`. Default: `index` in the data directory.",
  ),
  AWS_ENDPOINT_URL: setting(z.string().optional()).describe(
    "Endpoint of `s3://` where it is not Amazon's. `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION` are read as other programs read them.",
  ),
  HANDBOOK_HOLDOUT: setting(number().min(0).max(0.5).default(0.1)).describe(
    "Probability, 0 to 0.5, that a task is served nothing, so that the rest can be compared with it. `0`: none is. Default: 0.1.",
  ),
  HANDBOOK_WITHHOLD: setting(number().min(0).max(0.5).default(0.1)).describe(
    "Probability, 0 to 0.5, that one of the behaviors for a task is withheld, so that each can be measured. `0`: none is. Default: 0.1.",
  ),
  HANDBOOK_PRICES: setting(Prices.optional()).describe(
    "What a million tokens of output, of input and of cached input cost you, in dollars, for the account of `handbook report`. Default: `15,3,0.3`, an example to be replaced by your own.",
  ),
  HANDBOOK_READ: setting(Slugs.optional()).describe(
    "Handbooks that are searched together where a call names none, such as `me,team`. Missing ones are made. Default: the one that is written to.",
  ),
  HANDBOOK_WRITE: setting(Slug.optional()).describe(
    "Handbook that is written to where a call names none. Default: the first of `HANDBOOK_READ`, else `default`.",
  ),
  HANDBOOK_PUBLIC_URL: setting(z.string().optional()).describe(
    "Address of `/mcp` as clients know it, such as `https://handbook.example.com/mcp`: needed beyond loopback, where a request must name its host.",
  ),
  HANDBOOK_OAUTH_ISSUER: setting(z.string().optional()).describe(
    "Issuer whose tokens are taken over HTTP. Default: none, keys only.",
  ),
  HANDBOOK_OAUTH_AUDIENCE: setting(z.string().optional()).describe(
    "Resource URL that those tokens must be issued for. Default: `HANDBOOK_PUBLIC_URL`.",
  ),
  HANDBOOK_RATE_LIMIT: setting(number().int().min(1).default(600)).describe(
    "Requests a minute that one key, or one subject of tokens, may make. Default: 600.",
  ),
  HANDBOOK_TOOL_SECONDS: setting(number().min(0.001).max(3600).default(60)).describe(
    "Seconds that a tool, a resource or a prompt may take; five times as many where the server's own model works. Default: 60.",
  ),
  HANDBOOK_REFLECT_TOKENS: setting(number().int().min(500).max(1_000_000).default(6000)).describe(
    "Tokens of trace text that one reflection prompt may hold. Default: 6000.",
  ),
});
