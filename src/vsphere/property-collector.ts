/** Speaks to vCenter's PropertyCollector and its views: reads in pages, and waits for changes. */
import {
  type ChangeSet,
  decodeChanges,
  decodeRetrieved,
  type ManagedObject,
  type PropertyBag,
  readReference,
  readTime,
  toSoapReference,
} from "./decode.ts";
import type { FilterSpec } from "./filter-specs.ts";
import type { CallOptions, VimCaller } from "./session.ts";

/** Objects per page. Bigger pages block the event loop longer: vCenter's devices and PCI lists are large. */
export const pageSizes = { leaves: 100, devices: 25, pci: 10 } as const;

/** What is read at once, page by page. An abandoned read is cancelled on the server. */
export async function* retrieve(
  caller: VimCaller,
  spec: FilterSpec,
  maxObjects: number,
  signal: AbortSignal,
): AsyncGenerator<readonly PropertyBag[], void> {
  const collector = toSoapReference(caller.content.propertyCollector);
  const first = { _this: collector, specSet: [spec], options: { maxObjects } };
  let page = decodeRetrieved(await caller.call("RetrievePropertiesEx", first, { signal }));
  let { token } = page;
  try {
    for (;;) {
      yield page.objects;
      if (token === undefined) return;
      const next = { _this: collector, token };
      page = decodeRetrieved(await caller.call("ContinueRetrievePropertiesEx", next, { signal }));
      token = page.token;
    }
  } finally {
    if (token !== undefined && !signal.aborted) await cancelRetrieve(caller, token);
  }
}

/** All pages of a read whose result is small. */
export async function retrieveAll(
  caller: VimCaller,
  spec: FilterSpec,
  maxObjects: number,
  signal: AbortSignal,
): Promise<PropertyBag[]> {
  const objects: PropertyBag[] = [];
  for await (const page of retrieve(caller, spec, maxObjects, signal)) objects.push(...page);
  return objects;
}

/** A view of everything of some types below a container. */
export async function createContainerView(
  caller: VimCaller,
  container: ManagedObject,
  types: readonly string[],
  signal: AbortSignal,
): Promise<ManagedObject> {
  const args = {
    _this: toSoapReference(caller.content.viewManager),
    container: toSoapReference(container),
    type: types,
    recursive: true,
  };
  return readReference(
    await caller.call("CreateContainerView", args, { signal }),
    "CreateContainerView",
  );
}

/** An empty view whose members we choose. */
export async function createListView(
  caller: VimCaller,
  signal: AbortSignal,
): Promise<ManagedObject> {
  const args = { _this: toSoapReference(caller.content.viewManager) };
  return readReference(await caller.call("CreateListView", args, { signal }), "CreateListView");
}

/** Changes who is in a ListView; objects that are no more are silently left out by vCenter. */
export async function modifyListView(
  caller: VimCaller,
  view: ManagedObject,
  change: { readonly add: readonly ManagedObject[]; readonly remove: readonly ManagedObject[] },
  signal: AbortSignal,
): Promise<void> {
  const args = {
    _this: toSoapReference(view),
    add: change.add.map(toSoapReference),
    remove: change.remove.map(toSoapReference),
  };
  await caller.call("ModifyListView", args, { signal });
}

/** Gives a view back to the server. */
export async function destroyView(
  caller: VimCaller,
  view: ManagedObject,
  signal: AbortSignal,
): Promise<void> {
  await caller.call("DestroyView", { _this: toSoapReference(view) }, { signal });
}

/** vCenter's clock, milliseconds since the Unix epoch. */
export async function readServerTime(caller: VimCaller, signal: AbortSignal): Promise<number> {
  const args = { _this: { attributes: { type: "ServiceInstance" }, $value: "ServiceInstance" } };
  return readTime(await caller.call("CurrentTime", args, { signal }), "CurrentTime");
}

/** A collector of our own, with filters that live as long as the session. */
export class ChangeCollector {
  readonly #caller: VimCaller;
  readonly #collector: ManagedObject;

  private constructor(caller: VimCaller, collector: ManagedObject) {
    this.#caller = caller;
    this.#collector = collector;
  }

  static async create(
    caller: VimCaller,
    specs: readonly FilterSpec[],
    signal: AbortSignal,
  ): Promise<ChangeCollector> {
    const args = { _this: toSoapReference(caller.content.propertyCollector) };
    const created = await caller.call("CreatePropertyCollector", args, { signal });
    const collector = new ChangeCollector(
      caller,
      readReference(created, "CreatePropertyCollector"),
    );
    for (const spec of specs) await collector.#addFilter(spec, signal);
    return collector;
  }

  /**
   * Waits until something differs from `version`; the empty version gives everything at once.
   * @returns `undefined` when nothing changed for `maxWaitSeconds`.
   */
  async wait(
    version: string,
    maxWaitSeconds: number,
    options: CallOptions,
  ): Promise<ChangeSet | undefined> {
    const args = {
      _this: toSoapReference(this.#collector),
      version,
      options: { maxWaitSeconds, maxObjectUpdates: pageSizes.devices },
    };
    return decodeChanges(await this.#caller.call("WaitForUpdatesEx", args, options));
  }

  /** Ends a wait that we gave up: without this it lives on in the server and takes updates that nobody reads. */
  async cancelWait(timeoutMs: number): Promise<void> {
    await this.#caller.call(
      "CancelWaitForUpdates",
      { _this: toSoapReference(this.#collector) },
      { timeoutMs },
    );
  }

  /** Gives it back to the server with its filters. */
  async destroy(signal: AbortSignal): Promise<void> {
    const args = { _this: toSoapReference(this.#collector) };
    await this.#caller.call("DestroyPropertyCollector", args, { signal });
  }

  async #addFilter(spec: FilterSpec, signal: AbortSignal): Promise<void> {
    const args = { _this: toSoapReference(this.#collector), spec, partialUpdates: false };
    await this.#caller.call("CreateFilter", args, { signal });
  }
}

async function cancelRetrieve(caller: VimCaller, token: string): Promise<void> {
  const args = { _this: toSoapReference(caller.content.propertyCollector), token };
  await caller.call("CancelRetrievePropertiesEx", args).catch(() => undefined);
}
