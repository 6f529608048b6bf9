/** Lays out on disk what a pod finds in its file system: its volumes, and its service account's token. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type ApiClient, ApiError } from "../cluster/api-client.ts";
import { type VolumeFiles, writeVolume } from "./atomic-volume.ts";
import type { Volume, VolumeMount } from "./manifest.ts";

/** Where in a container the service account's files are. */
export const accountMountPath = "/var/run/secrets/kubernetes.io/serviceaccount";

/** What one pod wants on disk. Plain data: it is handed to another process as JSON. */
export interface PodFilesSpec {
  readonly namespace: string;
  /** Absent for a process that is no pod, and only reads volumes. */
  readonly serviceAccount?: string;
  /** How long a token lasts; it is renewed when a fifth of that is left. At least 600. */
  readonly tokenSeconds: number;
  readonly caPem: string;
  /** Folder that stands for the container's root. */
  readonly root: string;
  readonly mounts: readonly { readonly mount: VolumeMount; readonly volume: Volume }[];
}

/** A service account's token, and when to ask for the next. */
export interface Token {
  readonly text: string;
  /** Milliseconds since the Unix epoch. */
  readonly renewAt: number;
}

/** The place on this machine that stands for a path in the container. */
export function placeOf(root: string, containerPath: string): string {
  return path.join(root, containerPath);
}

/** Asks the API server for a token of the pod's service account, as the kubelet does. */
export async function requestToken(
  api: ApiClient,
  serviceAccount: string,
  { namespace, tokenSeconds }: PodFilesSpec,
): Promise<Token> {
  const requestedAt = Date.now();
  const answer = await api.call<{
    readonly status: { readonly token: string; readonly expirationTimestamp: string };
  }>("POST", `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { expirationSeconds: tokenSeconds },
  });
  const expiresAt = Date.parse(answer.status.expirationTimestamp);
  const renewAt = requestedAt + (expiresAt - requestedAt) * 0.8;
  return { text: answer.status.token, renewAt };
}

export function writeAccountFiles(spec: PodFilesSpec, token: Token): void {
  const files = { token: token.text, "ca.crt": spec.caPem, namespace: spec.namespace };
  writeVolume(placeOf(spec.root, accountMountPath), toFiles(Object.entries(files)));
}

/** Brings every volume to what the API server says now. */
export async function syncVolumes(api: ApiClient, spec: PodFilesSpec): Promise<void> {
  for (const { mount, volume } of spec.mounts) {
    const files = await readVolume(api, spec.namespace, volume);
    const place = placeOf(spec.root, mount.mountPath);
    if (mount.subPath === undefined) writeVolume(place, files);
    else writeOnce(place, files.get(mount.subPath));
  }
}

/** What is mounted as a single file stays as the container found it. */
function writeOnce(file: string, content: Buffer | undefined): void {
  if (content === undefined || existsSync(file)) return;
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, content, { mode: 0o600 });
}

async function readVolume(
  api: ApiClient,
  namespace: string,
  { name, secret, configMap, emptyDir }: Volume,
): Promise<VolumeFiles> {
  if (secret !== undefined) {
    const object = await readSource(api, namespace, "secrets", secret.secretName, secret.optional);
    return pickItems(decode(object.data, "base64"), secret.items);
  }
  if (configMap !== undefined) {
    const object = await readSource(
      api,
      namespace,
      "configmaps",
      configMap.name,
      configMap.optional,
    );
    return pickItems(decode(object.data, "utf8"), configMap.items);
  }
  if (emptyDir !== undefined) {
    return new Map();
  }
  throw new Error(
    `volume "${name}" is of a kind that the local stack does not know; it knows secret, configMap and emptyDir`,
  );
}

interface Source {
  readonly data?: Readonly<Record<string, string>>;
}

async function readSource(
  api: ApiClient,
  namespace: string,
  resource: "secrets" | "configmaps",
  name: string,
  optional = false,
): Promise<Source> {
  try {
    return await api.call<Source>("GET", `/api/v1/namespaces/${namespace}/${resource}/${name}`);
  } catch (error) {
    if (optional && error instanceof ApiError && error.status === 404) {
      return {};
    }
    throw error;
  }
}

function decode(data: Source["data"], encoding: BufferEncoding): VolumeFiles {
  return toFiles(Object.entries(data ?? {}), encoding);
}

function toFiles(
  entries: readonly (readonly [string, string])[],
  encoding: BufferEncoding = "utf8",
): VolumeFiles {
  return new Map(entries.map(([name, text]) => [name, Buffer.from(text, encoding)]));
}

function pickItems(
  files: VolumeFiles,
  items: readonly { readonly key: string; readonly path: string }[] | undefined,
): VolumeFiles {
  if (items === undefined) {
    return files;
  }
  const picked = items.flatMap(({ key, path: place }) => {
    const content = files.get(key);
    return content === undefined ? [] : [[place, content] as const];
  });
  return new Map(picked);
}
