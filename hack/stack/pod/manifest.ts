/** Finds in rendered manifests the Deployment that runs gpuinfo, and reads it as a kubelet would. */
import { parseAllDocuments } from "yaml";

/** Any Kubernetes object, as far as it is told apart here. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

interface Deployment extends Manifest {
  readonly spec: { readonly template: { readonly spec: PodSpec } };
}

interface CustomResource extends Manifest {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly plural: string };
    readonly versions: readonly { readonly name: string }[];
  };
}

export interface EnvVar {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly fieldRef?: { readonly fieldPath: string } };
}

export interface VolumeMount {
  readonly name: string;
  readonly mountPath: string;
  /** One file of the volume; absent for all of it. */
  readonly subPath?: string;
}

interface KeyToPath {
  readonly key: string;
  readonly path: string;
}

export interface Volume {
  readonly name: string;
  readonly secret?: {
    readonly secretName: string;
    readonly items?: readonly KeyToPath[];
    readonly optional?: boolean;
  };
  readonly configMap?: {
    readonly name: string;
    readonly items?: readonly KeyToPath[];
    readonly optional?: boolean;
  };
  readonly emptyDir?: object;
}

export interface Container {
  readonly name: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly EnvVar[];
  readonly volumeMounts?: readonly VolumeMount[];
}

interface PodSpec {
  readonly serviceAccountName?: string;
  readonly terminationGracePeriodSeconds?: number;
  readonly containers: readonly Container[];
  readonly volumes?: readonly Volume[];
}

/** The Deployment that runs gpuinfo. */
export interface Workload {
  readonly name: string;
  readonly namespace: string;
  readonly pod: PodSpec;
  /** The container of gpuinfo's process. */
  readonly container: Container;
}

export function parseManifests(rendered: string): readonly Manifest[] {
  return parseAllDocuments(rendered).flatMap((document) => {
    const manifest: Manifest | null = document.toJS();
    return manifest ?? [];
  });
}

/** The Deployment of that name; throws when the manifests do not have it as it is wanted. */
export function findWorkload(manifests: readonly Manifest[], name: string): Workload {
  const found = manifests.filter(isDeployment).find(({ metadata }) => metadata.name === name);
  if (found === undefined) {
    throw new Error(`the manifests have no Deployment "${name}"`);
  }
  const pod = found.spec.template.spec;
  const container = pod.containers.find((candidate) => candidate.name === name);
  if (container === undefined) {
    throw new Error(`Deployment "${name}" has no container "${name}"`);
  }
  const namespace = found.metadata.namespace ?? "default";
  return { name, namespace, pod, container };
}

/** Whether the manifests have a Deployment of that name. */
export function hasWorkload(manifests: readonly Manifest[], name: string): boolean {
  return manifests.filter(isDeployment).some(({ metadata }) => metadata.name === name);
}

/** Where the API server lists the objects of each custom resource that the manifests define. */
export function customResourcePaths(manifests: readonly Manifest[]): readonly string[] {
  return manifests.filter(isCustomResource).flatMap(({ spec }) => {
    return spec.versions.map(({ name }) => `/apis/${spec.group}/${name}/${spec.names.plural}`);
  });
}

/** The same manifests with no pods asked for: no kubelet is there that would run them. */
export function withoutReplicas(manifests: readonly Manifest[]): readonly Manifest[] {
  return manifests.map((manifest) =>
    isDeployment(manifest) ? { ...manifest, spec: { ...manifest.spec, replicas: 0 } } : manifest,
  );
}

function isCustomResource(manifest: Manifest): manifest is CustomResource {
  return manifest.kind === "CustomResourceDefinition";
}

function isDeployment(manifest: Manifest): manifest is Deployment {
  return manifest.kind === "Deployment";
}
