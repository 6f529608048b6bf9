/** Shows kubectl commands and what they print, as somebody at a terminal would see them. */
import { KubectlError } from "../cluster/kubectl.ts";
import type { ControlPlane } from "../control-plane.ts";
import type { Say } from "../tools/progress.ts";

/** Shows a kubectl command and what it prints. */
export async function command(
  { kubectl }: ControlPlane,
  args: readonly string[],
  say: Say,
): Promise<void> {
  say(`   $ kubectl ${args.join(" ")}`);
  show(await kubectl(args), say);
}

/** A manifest that is made of a file by replacing words in it, each once or more. */
export interface Edited {
  readonly file: string;
  readonly text: string;
  readonly words: Readonly<Record<string, string>>;
}

/** Applies an edited manifest, shown as `sed` would have edited it. */
export async function applyEdited(
  { kubectl }: ControlPlane,
  edited: Edited,
  say: Say,
): Promise<void> {
  say(`   $ ${asSed(edited)} | kubectl apply -f -`);
  show(await kubectl(["apply", "-f", "-"], { input: edit(edited) }), say);
}

/** The same where a refusal is expected, which is shown; throws when the manifest is accepted. */
export async function showRefusal(
  controlPlane: ControlPlane,
  edited: Edited,
  say: Say,
): Promise<void> {
  try {
    await applyEdited(controlPlane, edited, say);
  } catch (error) {
    if (error instanceof KubectlError) {
      show(error.stderr, say);
      return;
    }
    throw error;
  }
  throw new Error(`${asSed(edited)} was accepted; it should have been refused`);
}

function edit({ text, words }: Edited): string {
  return Object.entries(words).reduce((edited, [from, to]) => edited.replaceAll(from, to), text);
}

function asSed({ file, words }: Edited): string {
  const parts = Object.entries(words).map(([from, to]) => `s/${from}/${to}/`);
  return `sed '${parts.join("; ")}' ${file}`;
}

function show(printed: string, say: Say): void {
  for (const line of printed.trimEnd().split("\n")) {
    say(`   ${line.trimEnd()}`);
  }
}
