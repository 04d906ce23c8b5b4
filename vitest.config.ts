import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 30_000,
    // Vitest leaves a core to its own thread, which has little to do here.
    maxWorkers: "100%",
    // No key and no setting of the developer's reaches a test.
    env: { HANDBOOK_MODEL: "", OPENAI_API_KEY: "", OPENAI_BASE_URL: "", HANDBOOK_HOME: "" },
  },
});
