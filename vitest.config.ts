import { defineConfig } from "vitest/config";

const POSTGRES_ONLY = ["test/**/postgres-*.test.ts", "test/serve/replicas.test.ts"];

export default defineConfig({
  test: {
    testTimeout: 30_000,
    // Vitest leaves a core to its own thread, which has little to do here.
    maxWorkers: "100%",
    // A file leaves nothing behind, so the next one in its worker need not load everything again.
    isolate: false,
    // No key and no setting of the developer's reaches a test.
    env: {
      HANDBOOK_MODEL: "",
      OPENAI_API_KEY: "",
      OPENAI_BASE_URL: "",
      HANDBOOK_HOME: "",
      HANDBOOK_DATABASE_URL: "",
    },
    projects: [
      { extends: true, test: { name: "sqlite", include: ["test/**/*.test.ts"], exclude: POSTGRES_ONLY } },
      {
        // What the ledger promises, once more on the other database.
        extends: true,
        test: {
          name: "postgres",
          include: [
            ...POSTGRES_ONLY,
            "test/adapters/sql/ledger.test.ts",
            "test/adapters/sql/sql-index-state.test.ts",
          ],
          globalSetup: "test/postgres-setup.ts",
          setupFiles: "test/postgres-skip.ts",
        },
      },
    ],
  },
});
