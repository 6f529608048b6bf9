/** Bounds how much of requests is held in memory at once: anybody in the cluster may open a connection to the webhook. */

import type { RequestHandler } from "express";

/** For twenty of the largest pods that there can be at once; usual ones have a few kilobytes. */
const most = 64 * 1024 * 1024;

/** 411 where the length is not said, 503 where there is no room for it now. Before anything that reads a body. */
export function boundBytesInFlight(limit: number = most): RequestHandler {
  let held = 0;
  return function bound(request, response, next) {
    const length = Number(request.get("content-length"));
    if (!Number.isSafeInteger(length)) {
      response.status(411).type("text/plain").send("say the Content-Length\n");
      return;
    }
    if (held + length > limit) {
      response.status(503).set("Retry-After", "1").type("text/plain").send("too much at once\n");
      return;
    }
    held += length;
    response.once("close", () => {
      held -= length;
    });
    next();
  };
}
