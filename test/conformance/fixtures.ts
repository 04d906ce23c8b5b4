import { completable, type McpServer, ResourceTemplate } from "@modelcontextprotocol/server";
import * as z from "zod";

const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
const WAV = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=";

const text = (text: string) => ({ type: "text" as const, text });
const image = { type: "image" as const, data: PNG, mimeType: "image/png" };
const audio = { type: "audio" as const, data: WAV, mimeType: "audio/wav" };
const resource = (uri: string, text: string, mimeType = "text/plain") => ({
  type: "resource" as const,
  resource: { uri, mimeType, text },
});
const said = (content: ReturnType<typeof text> | typeof image | ReturnType<typeof resource>) => ({
  role: "user" as const,
  content,
});

/** What the conformance suite asks for by name; the texts are the suite's. Registered beside what the server has. */
export function registerFixtures(server: McpServer): void {
  server.server.registerCapabilities({ logging: {} }); // deprecated, so only here
  const tool = (name: string, content: Parameters<typeof answer>[0]) =>
    server.registerTool(name, { description: "A fixture." }, () => answer(content));
  const answer = (
    content: (ReturnType<typeof text> | typeof image | typeof audio | ReturnType<typeof resource>)[],
  ) => ({
    content,
  });

  tool("test_simple_text", [text("This is a simple text response for testing.")]);
  tool("test_image_content", [image]);
  tool("test_audio_content", [audio]);
  tool("test_embedded_resource", [
    resource("test://embedded-resource", "This is an embedded resource content."),
  ]);
  tool("test_multiple_content_types", [
    text("Multiple content types test:"),
    image,
    resource("test://mixed-content-resource", '{"test":"data","value":123}', "application/json"),
  ]);
  server.registerTool("test_error_handling", { description: "A fixture." }, () => {
    throw new Error("This tool intentionally returns an error for testing");
  });
  server.registerTool("test_tool_with_logging", { description: "A fixture." }, async (context) => {
    for (const data of ["Tool execution started", "Tool processing data", "Tool execution completed"])
      await context.mcpReq.notify({ method: "notifications/message", params: { level: "info", data } });
    return answer([text("Logged.")]);
  });
  server.registerTool("test_tool_with_progress", { description: "A fixture." }, async (context) => {
    const progressToken = context.mcpReq._meta?.progressToken ?? 0;
    for (const progress of [0, 50, 100])
      await context.mcpReq.notify({
        method: "notifications/progress",
        params: { progressToken, progress, total: 100, message: `Completed step ${progress} of 100` },
      });
    return answer([text(String(progressToken))]);
  });

  const meta = (mimeType: string) => ({ description: "A fixture.", mimeType });
  const contents = (uri: URL, text: string, mimeType = "text/plain") => ({
    contents: [{ uri: uri.href, mimeType, text }],
  });
  server.registerResource("static-text", "test://static-text", meta("text/plain"), (uri) =>
    contents(uri, "This is the content of the static text resource."),
  );
  server.registerResource("static-binary", "test://static-binary", meta("image/png"), (uri) => ({
    contents: [{ uri: uri.href, mimeType: "image/png", blob: PNG }],
  }));
  server.registerResource("watched", "test://watched-resource", meta("text/plain"), (uri) =>
    contents(uri, "Watched resource content"),
  );
  const template = new ResourceTemplate("test://template/{id}/data", { list: undefined });
  server.registerResource("template", template, meta("application/json"), (uri, { id }) =>
    contents(uri, JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }), "application/json"),
  );

  const prompt = (name: string, ...messages: ReturnType<typeof said>[]) =>
    server.registerPrompt(name, { description: "A fixture." }, () => ({ messages }));
  prompt("test_simple_prompt", said(text("This is a simple prompt for testing.")));
  prompt("test_prompt_with_image", said(image), said(text("Please analyze the image above.")));
  const completed = (start: string) => ["paris", "park", "party"].filter((value) => value.startsWith(start));
  server.registerPrompt(
    "test_prompt_with_arguments",
    {
      description: "A fixture.",
      argsSchema: z.object({
        arg1: completable(z.string().describe("First."), (value) => completed(value ?? "")),
        arg2: z.string().describe("Second."),
      }),
    },
    ({ arg1, arg2 }) => ({ messages: [said(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`))] }),
  );
  server.registerPrompt(
    "test_prompt_with_embedded_resource",
    { description: "A fixture.", argsSchema: z.object({ resourceUri: z.string().describe("Its URI.") }) },
    ({ resourceUri }) => ({
      messages: [
        said(resource(resourceUri, "Embedded resource content for testing.")),
        said(text("Please process the embedded resource above.")),
      ],
    }),
  );
}
