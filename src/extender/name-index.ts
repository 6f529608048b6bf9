/** Finds a node's number by the bytes of its name, so that a list of names need not become strings. */

/** No name of this is written otherwise in JSON, or in other bytes than its characters. */
const plain = /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/;

/** Shares of the table that may be taken, as the places that one name has on average. */
const placesPerName = 2;
const wordBytes = 4;

/** A hash table with open addressing over the names, which are kept one after the other. */
export class NameIndex {
  /** A name's number + 1; 0 where a place is free. A power of two of them. */
  #places = new Int32Array(1_024);
  #names = new DataView(new ArrayBuffer(64 * 1_024));
  /** By number; one more than there are names, for where the last one ends. */
  readonly #starts: number[] = [0];
  readonly #hashes: number[] = [];

  /** Names get the numbers 0, 1, 2 …; one that is not plain gets its number, but is not found. */
  add(name: string): void {
    const bytes = Buffer.from(plain.test(name) ? name : "");
    const number = this.#hashes.length;
    const start = this.#starts[number] ?? 0;
    const end = start + bytes.length;
    if (end > this.#names.byteLength) this.#growNames(end);
    for (const [index, byte] of bytes.entries()) this.#names.setUint8(start + index, byte);
    this.#starts.push(end);
    this.#hashes.push(hash(this.#names, start, end));
    if (this.#hashes.length * placesPerName > this.#places.length) this.#growPlaces();
    else if (bytes.length > 0) this.#place(number);
  }

  /** The number of the name that stands at `start` and ends before `end`; -1 when there is none. */
  find(text: DataView, start: number, end: number): number {
    const wanted = hash(text, start, end);
    const last = this.#places.length - 1;
    for (let place = wanted & last; ; place = (place + 1) & last) {
      const number = (this.#places[place] ?? 0) - 1;
      if (number === -1) return -1;
      if (this.#hashes[number] === wanted && this.#is(number, text, start, end)) return number;
    }
  }

  #is(number: number, text: DataView, start: number, end: number): boolean {
    let own = this.#starts[number] ?? 0;
    if (this.#starts[number + 1] !== own + end - start) return false;
    let at = start;
    for (; at + wordBytes <= end; at += wordBytes, own += wordBytes) {
      if (text.getInt32(at) !== this.#names.getInt32(own)) return false;
    }
    for (; at < end; at++, own++) {
      if (text.getUint8(at) !== this.#names.getUint8(own)) return false;
    }
    return true;
  }

  #place(number: number): void {
    const last = this.#places.length - 1;
    let place = (this.#hashes[number] ?? 0) & last;
    while (this.#places[place] !== 0) place = (place + 1) & last;
    this.#places[place] = number + 1;
  }

  #growPlaces(): void {
    this.#places = new Int32Array(this.#places.length * 2);
    for (const number of this.#hashes.keys()) {
      if (this.#starts[number] !== this.#starts[number + 1]) this.#place(number);
    }
  }

  #growNames(wanted: number): void {
    const larger = new Uint8Array(Math.max(wanted, this.#names.byteLength * 2));
    larger.set(new Uint8Array(this.#names.buffer));
    this.#names = new DataView(larger.buffer);
  }
}

/** Multiplies word by word, and lets the high bits, which depend on all of them, into the low ones. */
function hash(text: DataView, start: number, end: number): number {
  let value = end - start;
  let at = start;
  for (; at + wordBytes <= end; at += wordBytes) {
    value = mix(value ^ text.getInt32(at));
  }
  for (; at < end; at++) value = mix(value ^ text.getUint8(at));
  return value;
}

function mix(value: number): number {
  const product = Math.imul(value, 0x9e3779b1);
  return product ^ (product >>> 15);
}
