/** A bare Node https server that replays recorded answers and parses nothing: the wire's limit. */

import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { join } from "node:path";
import { portOf } from "../../src/serve.ts";

interface Message {
  readonly start?: { readonly servingDir: string };
  /** Answers by path. */
  readonly answers?: Readonly<Record<string, string>>;
}

const answers = new Map<string, Buffer>();

function start(servingDir: string): void {
  const read = (name: string) => readFileSync(join(servingDir, name), "utf8");
  const server = createServer(
    {
      key: read("tls.key"),
      cert: read("tls.crt"),
      ca: read("ca.crt"),
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: "TLSv1.2",
      keepAliveTimeout: 120_000,
    },
    (request, response) => {
      request.resume().once("end", () => {
        const answer = answers.get(request.url ?? "") ?? Buffer.alloc(0);
        response
          .writeHead(200, { "Content-Type": "application/json", "Content-Length": answer.length })
          .end(answer);
      });
    },
  );
  server.listen(0, "127.0.0.1", () => process.send?.(portOf(server)));
}

process.on("message", (message: Message) => {
  if (message.start !== undefined) start(message.start.servingDir);
  if (message.answers !== undefined) {
    for (const [path, text] of Object.entries(message.answers))
      answers.set(path, Buffer.from(text));
    process.send?.("taken");
  }
});
process.once("disconnect", () => process.exit(0));
