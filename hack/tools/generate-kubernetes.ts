/**
 * Writes hack/tools/kubernetes/go.mod and go.sum for a version of Kubernetes:
 * `node hack/tools/generate-kubernetes.ts v1.36.4`. Without a version, for the one that is there.
 *
 * k8s.io/kubernetes requires its staging modules at v0.0.0 and replaces them by local folders. Replaces of a
 * dependency do not count, so ours name the published modules of the same release.
 */
import { execFileSync } from "node:child_process";
import path from "node:path";

const folder = path.join(import.meta.dirname, "kubernetes");
const commands = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"];

interface GoMod {
  readonly Require?: readonly { readonly Path: string; readonly Version: string }[];
  readonly Replace?: readonly {
    readonly Old: { readonly Path: string };
    readonly New: { readonly Path: string };
  }[];
}

function generate(version: string): void {
  const downloaded: { readonly GoMod: string } = JSON.parse(
    go("mod", "download", "-json", `k8s.io/kubernetes@${version}`),
  );
  const stagingVersion = version.replace(/^v1\./, "v0.");
  const staging = stagingModules(downloaded.GoMod);
  const gone = replacedModules().filter((name) => !staging.includes(name));
  go(
    "mod",
    "edit",
    ...gone.map((name) => `-dropreplace=${name}`),
    ...staging.map((name) => `-replace=${name}=${name}@${stagingVersion}`),
    ...commands.map((name) => `-tool=k8s.io/kubernetes/cmd/${name}`),
    `-require=k8s.io/kubernetes@${version}`,
  );
  go("mod", "tidy");
  console.log(`hack/tools/kubernetes is at ${version}`);
}

function stagingModules(goModFile: string): readonly string[] {
  const replaces = readGoMod(goModFile).Replace ?? [];
  return replaces.filter(({ New }) => New.Path.startsWith("./staging/")).map(({ Old }) => Old.Path);
}

function replacedModules(): readonly string[] {
  return (readGoMod().Replace ?? []).map(({ Old }) => Old.Path);
}

function presentVersion(): string {
  const required = readGoMod().Require?.find(({ Path }) => Path === "k8s.io/kubernetes");
  if (required === undefined) {
    throw new Error(
      `${folder}/go.mod requires no k8s.io/kubernetes; name a version such as v1.36.4`,
    );
  }
  return required.Version;
}

function readGoMod(file = path.join(folder, "go.mod")): GoMod {
  const parsed: GoMod = JSON.parse(go("mod", "edit", "-json", file));
  return parsed;
}

function go(...args: readonly string[]): string {
  return execFileSync("go", args, {
    cwd: folder,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
}

generate(process.argv[2] ?? presentVersion());
