import { setImmediate as turn } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { type Files, readFiles } from "../../../src/tls/files.ts";
import { mountSecret } from "./support.ts";

const generation = (number: number): Record<string, string> => ({
  "tls.crt": `certificate ${number}`,
  "tls.key": `key ${number}`,
  "ca.crt": `authority ${number}`,
});

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

describe("readFiles", () => {
  it("reads all files from one generation, however the Secret changes meanwhile", async () => {
    const secret = mountSecret(generation(0));
    cleanups.push(() => secret.remove());
    const reads: Files[] = [];
    for (let number = 1; number <= 200; number += 1) {
      const reading = readFiles(secret.dir);
      for (let wait = 0; wait < number % 7; wait += 1) await turn();
      secret.write(generation(number));
      reads.push(await reading);
    }
    const numbers = reads.map((files) => Object.values(files).map((text) => text?.split(" ")[1]));
    expect(numbers.filter(([a, b, c]) => a === undefined || a !== b || b !== c)).toEqual([]);
  });

  it("names the file that is there and cannot be read", async () => {
    const secret = mountSecret({ "tls.crt/inside": "a folder where a file is wanted" });
    cleanups.push(() => secret.remove());
    await expect(readFiles(secret.dir)).rejects.toThrow(/cannot read .*tls\.crt: EISDIR/);
  });
});
