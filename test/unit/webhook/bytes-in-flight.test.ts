import express from "express";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { boundBytesInFlight } from "../../../src/webhook/bytes-in-flight.ts";

function anApp(limit: number) {
  const gate = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const app = express();
  app.post("/", boundBytesInFlight(limit), express.json(), async (_request, response, next) => {
    arrived.resolve();
    await gate.promise.catch(next);
    response.send("done");
  });
  return { app, open: gate.resolve, arrived: arrived.promise };
}

const body = { text: "x".repeat(60) };

describe("bytes in flight", () => {
  it("are refused while there is no room for them, and taken again afterwards", async () => {
    const { app, open, arrived } = anApp(100);
    const server = app.listen(0);
    const first = request(server)
      .post("/")
      .send(body)
      .then(({ status }) => status);
    await arrived;
    const second = await request(server).post("/").send(body);
    expect([second.status, second.headers["retry-after"]]).toEqual([503, "1"]);
    open();
    expect(await first).toBe(200);
    await request(server).post("/").send(body).expect(200);
    server.close();
  });

  it("are not taken without their length", async () => {
    const { app } = anApp(100);
    const chunked = request(app).post("/").set("Transfer-Encoding", "chunked");
    chunked.write('{"a":1}');
    expect((await chunked).status).toBe(411);
  });
});
