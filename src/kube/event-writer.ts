/** Brings events to the API server one after the other, with a few tries each. */

import type { Logger } from "pino";
import type { KubeClient } from "./client.ts";
import type { Clock } from "./clock.ts";
import { isKubeError, KubeError } from "./errors.ts";
import { type EventInput, eventBody, eventName, namespaceOf, seriesOf } from "./event-body.ts";
import type { KubeObserver } from "./observer.ts";
import { events, pathOf } from "./resource.ts";
import { TokenBucket } from "./token-bucket.ts";

/** An event that happened once or more, and what of it the API server knows. */
export interface Series {
  readonly input: EventInput;
  readonly firstAt: Date;
  count: number;
  lastAt: Date;
  /** How often it had happened when it was last written, or given up; 0 before the first time. */
  writtenCount: number;
  /** When it was last written, on the monotonic clock. */
  writtenMs: number;
  /** Its name once it was created. */
  name?: string;
}

export interface EventWriterOptions {
  readonly client: Pick<KubeClient, "request">;
  readonly instance: string;
  readonly log: Logger;
  readonly observer: KubeObserver;
  readonly clock: Clock;
  readonly maxWaiting: number;
  readonly tries: number;
  readonly retryMs: number;
  /** Events per second, after a burst of {@link totalBurst}. */
  readonly perSecond: number;
  readonly totalBurst: number;
}

export class EventWriter {
  readonly #options: EventWriterOptions;
  readonly #waiting = new Set<Series>();
  readonly #abort = new AbortController();
  readonly #pace: TokenBucket;
  #writing: Promise<void> | undefined;
  #number = 0;

  constructor(options: EventWriterOptions) {
    this.#options = options;
    this.#pace = new TokenBucket(options.perSecond, options.totalBurst);
  }

  /** Whether the series waits to be written. */
  isWaiting(series: Series): boolean {
    return this.#waiting.has(series);
  }

  /** Has the series written as it is when its turn comes; drops it when too many wait. */
  enqueue(series: Series): void {
    const { maxWaiting, observer } = this.#options;
    if (this.#waiting.size >= maxWaiting) return observer.eventDone("dropped");
    this.#waiting.add(series);
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Waits until nothing waits any more, at most `graceMs`; then gives up. */
  async stop(graceMs: number): Promise<void> {
    const done = new AbortController();
    await Promise.race([this.#writing, this.#options.clock.sleep(graceMs, done.signal)]);
    done.abort();
    this.#abort.abort();
  }

  async #writeAll(): Promise<void> {
    for (const series of this.#waiting) {
      if (this.#abort.signal.aborted) return;
      // Events tell of what was done; they must not take the API server's time from what is still to do.
      const waitMs = this.#pace.reserve(this.#options.clock.monotonicMs());
      if (waitMs > 0) await this.#options.clock.sleep(waitMs, this.#abort.signal);
      // Taken out first: what happens during the write makes it wait again.
      this.#waiting.delete(series);
      if (series.count > series.writtenCount) await this.#write(series);
    }
  }

  async #write(series: Series): Promise<void> {
    const { tries, log, observer } = this.#options;
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#send(series);
        return observer.eventDone("written");
      } catch (error) {
        if (attempt >= tries || !this.#mayPass(error)) {
          log.warn({ reason: series.input.reason, err: error }, "event not written");
          series.writtenCount = series.count;
          return observer.eventDone("failed");
        }
        await this.#pause(error, attempt);
      }
    }
  }

  async #pause(error: unknown, attempt: number): Promise<void> {
    const { clock, retryMs } = this.#options;
    const askedMs = error instanceof KubeError ? (error.retryAfterMs ?? 0) : 0;
    await clock.sleep(Math.max(retryMs * attempt, askedMs), this.#abort.signal);
  }

  async #send(series: Series): Promise<void> {
    const { count } = series;
    series.writtenMs = this.#options.clock.monotonicMs();
    const known = series.name !== undefined && (await this.#patch(series, series.name));
    if (!known) series.name = await this.#create(series);
    series.writtenCount = count;
  }

  async #create(series: Series): Promise<string> {
    const { input, firstAt } = series;
    const { client, instance } = this.#options;
    const name = eventName(input.regarding, firstAt, this.#number++);
    const body = eventBody(input, name, firstAt, series, instance);
    const path = pathOf(events, { namespace: namespaceOf(input.regarding) });
    await client.request({ method: "POST", path, body, signal: this.#abort.signal });
    return name;
  }

  /** @returns false when the event is no longer there: the API server keeps it for an hour */
  async #patch(series: Series, name: string): Promise<boolean> {
    try {
      await this.#options.client.request({
        method: "PATCH",
        path: pathOf(events, { namespace: namespaceOf(series.input.regarding), name }),
        contentType: "application/merge-patch+json",
        body: { series: seriesOf(series) },
        signal: this.#abort.signal,
      });
      return true;
    } catch (error) {
      if (isKubeError(error, "notFound")) return false;
      throw error;
    }
  }

  /** Whether the same request may succeed a little later. */
  #mayPass(error: unknown): boolean {
    if (this.#abort.signal.aborted || !(error instanceof KubeError)) return false;
    return ["unreachable", "timeout", "busy", "server", "unauthorized"].includes(error.kind);
  }
}
