/** Gives every name and uuid another one, always the same for the same: equal things stay equal, different ones different. */
import { createHash } from "node:crypto";
import { swapByteOrder, uuidIn } from "../../src/selection/uuids.ts";

/** Aliases of one kind of thing: `host-001`, `host-002`, in the order in which they are first met. */
export class Aliases {
  readonly #make: (number: number) => string;
  readonly #known = new Map<string, string>();

  constructor(make: (number: number) => string) {
    this.#make = make;
  }

  /** The empty text stays empty. */
  of(original: string): string {
    if (original === "") return "";
    const known = this.#known.get(original);
    if (known !== undefined) return known;
    const alias = this.#make(this.#known.size + 1);
    this.#known.set(original, alias);
    return alias;
  }

  get count(): number {
    return this.#known.size;
  }
}

/** `host-001`: so many digits at least. */
export function numbered(word: string, digits = 3): (number: number) => string {
  return (number) => `${word}-${String(number).padStart(digits, "0")}`;
}

const isAddress = /^\d{1,3}(?:\.\d{1,3}){3}$/;
const isUnnamed = /^localhost(?:\.|$)/i;

/** Names that may be host names: the first label and the domain get an alias each, so that a short name stays the short one of the long. */
export class HostNames {
  readonly #labels: Aliases;
  readonly #domains: Aliases;

  constructor(labels: Aliases, domains: Aliases) {
    this.#labels = labels;
    this.#domains = domains;
  }

  /** In lower case; what every guest without a name calls itself stays. */
  of(name: string): string {
    const lower = name.toLowerCase();
    if (isUnnamed.test(lower)) return "localhost";
    const dot = lower.indexOf(".");
    if (dot < 1 || dot === lower.length - 1 || isAddress.test(lower)) return this.#labels.of(lower);
    return `${this.#labels.of(lower.slice(0, dot))}.${this.#domains.of(lower.slice(dot + 1))}`;
  }
}

/** Uuids keep their case, and the relation to the same bytes in the other order. */
export class Uuids {
  readonly #aliases = new Aliases(String);

  /** Text that is no uuid becomes a word that says so. */
  of(text: string): string {
    if (text === "") return "";
    const uuid = uuidIn(text);
    if (uuid === undefined) return "not-a-uuid";
    const swapped = swapByteOrder(uuid);
    const [canonical = uuid] = [uuid, swapped].toSorted();
    const alias = freshUuid(this.#aliases.of(canonical), uuid === swapped);
    const inOrder = uuid === canonical ? alias : swapByteOrder(alias);
    return text === text.toLowerCase() ? inOrder : inOrder.toUpperCase();
  }

  get count(): number {
    return this.#aliases.count;
  }
}

/** Made of its number alone: nothing of the original is in it. A symmetric one is the same in both byte orders. */
function freshUuid(number: string, symmetric: boolean): string {
  const bytes = createHash("sha256").update(`gpuinfo dump ${number}`).digest().subarray(0, 16);
  if (symmetric) {
    for (const [from, to] of [
      [0, 3],
      [1, 2],
      [4, 5],
      [6, 7],
    ] as const)
      bytes.writeUInt8(bytes.readUInt8(from), to);
  }
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
