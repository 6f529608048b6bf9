/** Knows which replicas are ready, by asking them as a kubelet does. */
import { setTimeout as sleep } from "node:timers/promises";
import { request } from "undici";

/** A replica: where its readiness is asked, and its port for each service. */
export interface Backend {
  readonly readyUrl: string;
  readonly ports: Readonly<Record<string, number>>;
}

/** Asked more often than by a kubelet, so that tests need not wait; the patience with silence is the shipped probe's. */
const askEveryMs = 200;
const answerTimeoutMs = 5_000;
const silencesUntilNotReady = 3;

/** Follows a set of replicas. One that refuses or says no is out at once, one that is silent after 15 s. */
export class Readiness {
  readonly #followed = new Map<string, Followed>();

  /** Asks these from now on, and no others. */
  follow(backends: readonly Backend[]): void {
    const wanted = new Map(backends.map((backend) => [backend.readyUrl, backend]));
    for (const [url, followed] of this.#followed) {
      if (!wanted.has(url)) {
        followed.stop();
        this.#followed.delete(url);
      }
    }
    for (const [url, backend] of wanted) {
      if (!this.#followed.has(url)) {
        const followed = new Followed(backend);
        this.#followed.set(url, followed);
        void followed.run();
      }
    }
  }

  ready(): readonly Backend[] {
    return [...this.#followed.values()]
      .filter(({ isReady }) => isReady)
      .map(({ backend }) => backend);
  }
}

class Followed {
  readonly backend: Backend;
  isReady = false;
  #silences = 0;
  #stopped = false;

  constructor(backend: Backend) {
    this.backend = backend;
  }

  async run(): Promise<void> {
    while (!this.#stopped) {
      this.#hear(await probe(this.backend.readyUrl));
      await sleep(askEveryMs);
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  #hear(answer: Answer): void {
    this.#silences = answer === "silence" ? this.#silences + 1 : 0;
    if (answer !== "silence") {
      this.isReady = answer === "ready";
    } else if (this.#silences >= silencesUntilNotReady) {
      this.isReady = false;
    }
  }
}

type Answer = "ready" | "not ready" | "silence";

async function probe(url: string): Promise<Answer> {
  const signal = AbortSignal.timeout(answerTimeoutMs);
  try {
    const answer = await request(url, { signal });
    await answer.body.dump();
    return answer.statusCode === 200 ? "ready" : "not ready";
  } catch {
    return signal.aborted ? "silence" : "not ready";
  }
}
