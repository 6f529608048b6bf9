/** Asks a plain HTTP address whether all is well there, as a probe does. */
import { request } from "undici";

const timeoutMs = 2_000;

/** True when it answers 200 in 2 s, else undefined, so that it can be asked again; throws when nobody answers. */
export async function answersOk(url: string): Promise<true | undefined> {
  const answer = await request(url, { signal: AbortSignal.timeout(timeoutMs) });
  await answer.body.dump();
  return answer.statusCode === 200 || undefined;
}
