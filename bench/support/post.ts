/** Asks an extender as kube-scheduler does, once, and keeps the bytes of its answer. */

import { readFileSync } from "node:fs";
import { request } from "node:https";
import { text } from "node:stream/consumers";
import type { ExtenderAccess } from "../../hack/stack/placement/parts.ts";

/** @returns the answer's body; throws unless the status is 200 */
export async function post(
  { url, caFile, certFile, keyFile, serverName }: ExtenderAccess,
  path: string,
  body: unknown,
): Promise<string> {
  const outgoing = request(url + path, {
    method: "POST",
    agent: false,
    servername: serverName,
    ca: readFileSync(caFile),
    cert: readFileSync(certFile),
    key: readFileSync(keyFile),
  });
  outgoing.end(JSON.stringify(body));
  return new Promise((resolve, reject) => {
    outgoing.once("error", reject).once("response", (response) => {
      text(response).then((answer) => {
        if (response.statusCode === 200) resolve(answer);
        else reject(new Error(`POST ${path} answered ${response.statusCode}: ${answer}`));
      }, reject);
    });
  });
}
