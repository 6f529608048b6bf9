/** Turns a container's arguments and environment into those of a process on this machine. */
import type { Container, EnvVar } from "./manifest.ts";
import { placeOf } from "./pod-files.ts";

/** The facts of a pod that its environment may refer to. */
export interface PodIdentity {
  readonly name: string;
  readonly namespace: string;
  readonly serviceAccount: string;
}

/**
 * The container's environment, with references resolved and paths below its mounts moved below `root`.
 * Throws when it refers to something that has no meaning outside a node.
 */
export function containerEnvironment(
  container: Container,
  pod: PodIdentity,
  root: string,
): Readonly<Record<string, string>> {
  const entries = (container.env ?? []).map((variable) => {
    return [variable.name, movePath(container, root, valueOf(variable, pod))] as const;
  });
  return Object.fromEntries(entries);
}

/** The program on this machine that stands for the one of that name in the container's image. */
export type Programs = Readonly<Record<string, string>>;

/**
 * The container's command and arguments, for a process in the top folder of the checkout: a program of this machine
 * in place of the image's, and paths below its mounts moved below `root`.
 */
export function containerCommand(
  container: Container,
  root: string,
  programs: Programs = { node: process.execPath },
): { readonly command: string; readonly args: readonly string[] } {
  const [program, ...words] = container.command ?? [];
  const command = programs[program ?? ""];
  if (command === undefined) {
    const [found, wanted] = [program ?? "its image's entry point", Object.keys(programs)];
    throw new Error(`container ${container.name} runs ${found}, wanted ${wanted.join(" or ")}`);
  }
  const args = [...words, ...(container.args ?? [])].map((argument) =>
    movePath(container, root, argument),
  );
  return { command, args };
}

function valueOf({ name, value, valueFrom }: EnvVar, pod: PodIdentity): string {
  if (valueFrom === undefined) {
    return value ?? "";
  }
  const fieldPath = valueFrom.fieldRef?.fieldPath;
  const fields: Readonly<Record<string, string>> = {
    "metadata.name": pod.name,
    "metadata.namespace": pod.namespace,
    "spec.serviceAccountName": pod.serviceAccount,
  };
  const resolved = fields[fieldPath ?? ""];
  if (resolved === undefined) {
    const known = Object.keys(fields).join(", ");
    throw new Error(
      `${name} comes from ${JSON.stringify(valueFrom)}; the local stack resolves only fieldRef to ${known}`,
    );
  }
  return resolved;
}

/** A value such as `/etc/x/y` or `--file=/etc/x/y`, where `/etc/x` is mounted. */
function movePath({ volumeMounts = [] }: Container, root: string, text: string): string {
  const [, flag = "", value = text] = /^(--?[\w-]+=)?(.*)$/s.exec(text) ?? [];
  const isMounted = volumeMounts.some(
    ({ mountPath }) => value === mountPath || value.startsWith(`${mountPath}/`),
  );
  return isMounted ? flag + placeOf(root, value) : text;
}
