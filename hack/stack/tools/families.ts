/** The tools that are built from Go source: one entry per Go module. A new family is one entry more. */
import { readFileSync } from "node:fs";
import path from "node:path";

/** The top of the checkout. */
export const repositoryRoot = path.resolve(import.meta.dirname, "../../..");

export interface ToolFamily {
  readonly name: string;
  /** Folder of its go.mod, from the top of the checkout. */
  readonly folder: string;
  /** Main package of every binary; they are built together. */
  readonly binaries: Readonly<Record<string, string>>;
  /** `-X` values that the linker sets. */
  readonly linkerValues?: Readonly<Record<string, string>>;
  /** Folders of files that come with a module and are kept beside the binaries, by the name they get there. */
  readonly data?: Readonly<Record<string, ModuleFolder>>;
  /** True when the module's own source files are part of what is built, not only what it requires. */
  readonly ownSources: boolean;
  /** What to expect of the first build on 2 cores, in words. */
  readonly firstBuild: string;
}

/** A folder in the source of a module that the family requires. */
interface ModuleFolder {
  readonly module: string;
  readonly folder: string;
}

/** Release of Kubernetes that is built, such as `v1.36.4`. */
export const kubernetesVersion = requiredVersion(
  "hack/tools/kubernetes/go.mod",
  "k8s.io/kubernetes",
);

export const toolFamilies: readonly ToolFamily[] = [
  {
    name: "vcsim",
    folder: "hack/vcsim",
    binaries: { vcsim: "./cmd/vcsim", govc: "./cmd/govc" },
    ownSources: true,
    firstBuild: "half a minute",
  },
  {
    name: "etcd",
    folder: "hack/tools/etcd",
    binaries: { etcd: "go.etcd.io/etcd/server/v3" },
    ownSources: false,
    firstBuild: "half a minute",
  },
  {
    name: "kubernetes",
    folder: "hack/tools/kubernetes",
    binaries: {
      "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
      "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
      "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
      kubectl: "k8s.io/kubernetes/cmd/kubectl",
    },
    // Without them the server calls itself v0.0.0-master, and clients compare versions.
    linkerValues: {
      "k8s.io/component-base/version.gitVersion": kubernetesVersion,
      "k8s.io/component-base/version.gitMajor": kubernetesVersion.replace(/^v(\d+)\..*$/, "$1"),
      "k8s.io/component-base/version.gitMinor": kubernetesVersion.replace(/^v\d+\.(\d+).*$/, "$1"),
      "k8s.io/client-go/pkg/version.gitVersion": kubernetesVersion,
    },
    ownSources: false,
    firstBuild: "7 to 9 minutes",
  },
  {
    name: "extender-client",
    folder: "hack/tools/kubernetes",
    binaries: { "extender-client": "./extender-client" },
    ownSources: true,
    firstBuild: "3 minutes",
  },
  {
    name: "kwok",
    folder: "hack/tools/kwok",
    binaries: { kwok: "sigs.k8s.io/kwok/cmd/kwok" },
    data: { "kwok-stages": { module: "sigs.k8s.io/kwok", folder: "kustomize/stage" } },
    ownSources: false,
    firstBuild: "a minute",
  },
  {
    name: "cert-manager",
    folder: "hack/tools/cert-manager",
    binaries: { "cert-manager": "." },
    data: {
      "cert-manager-crds": {
        module: "github.com/cert-manager/cert-manager",
        folder: "deploy/crds",
      },
    },
    ownSources: true,
    firstBuild: "2 minutes",
  },
];

function requiredVersion(goModFile: string, module: string): string {
  const goMod = readFileSync(path.join(repositoryRoot, goModFile), "utf8");
  const line = goMod.split("\n").find((text) => text.trim().startsWith(`${module} v`));
  if (line === undefined) {
    throw new Error(`${goModFile} requires no ${module}`);
  }
  return line.trim().split(" ")[1] ?? "";
}

/** The family that has this binary or folder of data. */
export function familyOf(tool: string): ToolFamily {
  const family = toolFamilies.find((candidate) => namesIn(candidate).includes(tool));
  if (family === undefined) {
    const known = toolFamilies.flatMap(namesIn).join(", ");
    throw new Error(`no tool is called "${tool}"; there are ${known}`);
  }
  return family;
}

function namesIn({ binaries, data = {} }: ToolFamily): readonly string[] {
  return [...Object.keys(binaries), ...Object.keys(data)];
}
