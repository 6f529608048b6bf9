/** What every LeaseStore must do; run against the one in memory and the one on a real API server. */

import { expect, it } from "vitest";
import type { LeaseRecord, LeaseStore } from "../../../src/kube/lease.ts";

const record: LeaseRecord = {
  holder: "first",
  durationSeconds: 15,
  acquireTime: "2026-11-22T10:00:00.000000Z",
  renewTime: "2026-11-22T10:00:00.123000Z",
  transitions: 0,
};
const renewed = { ...record, renewTime: "2026-11-22T10:00:02.000000Z" };
const live = new AbortController().signal;

/** @param newStore gives a store whose lease does not exist yet */
export function leaseStoreContract(newStore: () => LeaseStore): void {
  it("has no lease before one is created", async () => {
    expect(await newStore().read(live)).toBeUndefined();
  });

  it("gives back what was created", async () => {
    const store = newStore();
    const created = await store.create(record, live);
    expect(created.record).toEqual(record);
    expect(await store.read(live)).toEqual(created);
  });

  it("creates a lease only once", async () => {
    const store = newStore();
    await store.create(record, live);
    await expect(store.create(record, live)).rejects.toMatchObject({ kind: "alreadyExists" });
  });

  it("updates what is as it was last written, again and again", async () => {
    const store = newStore();
    const created = await store.create(record, live);
    const once = await store.update(renewed, created.version, live);
    const twice = await store.update({ ...renewed, holder: "" }, once.version, live);
    expect((await store.read(live))?.record).toEqual({ ...renewed, holder: "" });
    expect(twice.version).not.toEqual(once.version);
  });

  it("refuses an update of what somebody else has changed meanwhile", async () => {
    const store = newStore();
    const created = await store.create(record, live);
    await store.update(renewed, created.version, live);
    const late = store.update({ ...record, holder: "second" }, created.version, live);
    await expect(late).rejects.toMatchObject({ kind: "conflict" });
    expect((await store.read(live))?.record).toEqual(renewed);
  });

  it("gives up when it is told to", async () => {
    await expect(newStore().read(AbortSignal.abort())).rejects.toMatchObject({ kind: "aborted" });
  });
}
