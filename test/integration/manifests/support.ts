/** Puts overlays into a real API server. */
import type { ControlPlane } from "../../../hack/stack/control-plane.ts";
import type { Manifest } from "./render.ts";

/** A kind of cert-manager, enough to store its objects; nobody acts on them here. */
function definition(kind: string, plural: string): Manifest {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.cert-manager.io` },
    spec: {
      group: "cert-manager.io",
      scope: "Namespaced",
      names: { kind, plural },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
          },
        },
      ],
    },
  };
}

const certManager = [definition("Certificate", "certificates"), definition("Issuer", "issuers")];

/** Makes the API server store cert-manager's objects. */
export async function installCertManagerKinds(controlPlane: ControlPlane): Promise<void> {
  await apply(controlPlane, certManager);
  const names = certManager.map(({ metadata }) => `crd/${metadata.name}`);
  await controlPlane.kubectl(["wait", "--for=condition=Established", "--timeout=30s", ...names]);
}

export async function apply({ kubectl }: ControlPlane, items: readonly unknown[]): Promise<void> {
  const input = JSON.stringify({ apiVersion: "v1", kind: "List", items });
  await kubectl(["apply", "-f", "-"], { input });
}

/** Creates the object without keeping it; what the API server says against it, or undefined. */
export async function refusalOf(
  { api }: ControlPlane,
  path: string,
  object: unknown,
): Promise<string | undefined> {
  return api.call("POST", `${path}?dryRun=All`, object).then(
    () => undefined,
    (error: Error) => error.message,
  );
}

/** Tries until it gives something; what was just created takes a moment to work everywhere. */
export async function eventually<T>(attempt: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const found = await attempt();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error("gave up after 30 s");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
