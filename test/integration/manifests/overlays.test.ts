/** What each overlay of deploy/ installs, to the last object. Needs kubectl and no server. */
import { writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { scratchDir } from "../../../hack/stack/scratch.ts";
import { readVcentersFile } from "../../../src/vcenters/file.ts";
import { SchedulerConfiguration, tlsProblems } from "../../support/scheduler-configuration.ts";
import { type Manifest, ofKind, overlays, render, renderText } from "./render.ts";

const advice = [
  "ClusterRole gpuinfo",
  "ClusterRole gpuinfo-edit",
  "ClusterRole gpuinfo-maintenance",
  "ClusterRole gpuinfo-view",
  "ClusterRoleBinding gpuinfo",
  "CustomResourceDefinition gpuinfoes.topology.corinternal.com",
  "CustomResourceDefinition maintenancewindows.topology.corinternal.com",
  "Deployment gpuinfo-system/gpuinfo",
  "Namespace gpuinfo-system",
  "NetworkPolicy gpuinfo-system/gpuinfo",
  "PodDisruptionBudget gpuinfo-system/gpuinfo",
  "Role gpuinfo-system/gpuinfo-leader-election",
  "RoleBinding gpuinfo-system/gpuinfo-leader-election",
  "Service gpuinfo-system/gpuinfo-metrics",
  "ServiceAccount gpuinfo-system/gpuinfo",
];
const affinity = [
  ...advice,
  "Certificate gpuinfo-system/gpuinfo-ca",
  "Certificate gpuinfo-system/gpuinfo-serving",
  "ClusterRole gpuinfo-placement",
  "ClusterRole gpuinfo-pod-status",
  "ClusterRoleBinding gpuinfo-placement",
  "ClusterRoleBinding gpuinfo-pod-status",
  "Issuer gpuinfo-system/gpuinfo-ca",
  "Issuer gpuinfo-system/gpuinfo-selfsigned",
  "MutatingWebhookConfiguration gpuinfo",
  "Service gpuinfo-system/gpuinfo-webhook",
  "ValidatingAdmissionPolicy gpuinfo-cron-jobs",
  "ValidatingAdmissionPolicy gpuinfo-nodes",
  "ValidatingAdmissionPolicy gpuinfo-templates",
  "ValidatingAdmissionPolicyBinding gpuinfo-cron-jobs",
  "ValidatingAdmissionPolicyBinding gpuinfo-nodes",
  "ValidatingAdmissionPolicyBinding gpuinfo-templates",
];
const extender = [
  ...affinity,
  "Certificate gpuinfo-system/gpuinfo-scheduler-client",
  "Service gpuinfo-system/gpuinfo-extender",
];
const scheduler = [
  ...extender,
  "ClusterRoleBinding gpuinfo-scheduler-as-kube-scheduler",
  "ClusterRoleBinding gpuinfo-scheduler-as-volume-scheduler",
  "ConfigMap gpuinfo-system/gpuinfo-scheduler-config-HASH",
  "Deployment gpuinfo-system/gpuinfo-scheduler",
  "NetworkPolicy gpuinfo-system/gpuinfo-scheduler",
  "PodDisruptionBudget gpuinfo-system/gpuinfo-scheduler",
  "Role gpuinfo-system/gpuinfo-scheduler-leader-election",
  "RoleBinding gpuinfo-system/gpuinfo-scheduler-leader-election",
  // In kube-system and nowhere else: it refers to a Role that is there.
  "RoleBinding kube-system/gpuinfo-scheduler-authentication-reader",
  "ServiceAccount gpuinfo-system/gpuinfo-scheduler",
];

function titleOf({ kind, metadata: { name, namespace } }: Manifest): string {
  const stable = kind === "ConfigMap" ? name.replace(/-[a-z0-9]{10}$/, "-HASH") : name;
  return `${kind} ${namespace === undefined ? "" : `${namespace}/`}${stable}`;
}

describe("what is installed", () => {
  it.each([
    ["deploy/default", scheduler],
    ["deploy/modes/extender", extender],
    ["deploy/modes/affinity", affinity],
    ["deploy/modes/advice", advice],
    [
      "deploy/examples/two-vcenters",
      [...scheduler, "ConfigMap gpuinfo-system/gpuinfo-vcenters-HASH"],
    ],
  ])("by %s is this and nothing else", (overlay, titles) => {
    expect(render(overlay).map(titleOf).toSorted()).toEqual(titles.toSorted());
  });
});

const Binding = z.object({
  roleRef: z.object({ kind: z.string(), name: z.string() }),
  subjects: z.array(z.object({ kind: z.string(), name: z.string(), namespace: z.string() })),
});

/** "role -> subjects" of every binding, with the namespace that it is good for. */
function grantsOf(manifests: readonly Manifest[]): string[] {
  const bindings = [
    ...ofKind(manifests, "ClusterRoleBinding"),
    ...ofKind(manifests, "RoleBinding"),
  ];
  return bindings.map((binding) => {
    const { roleRef, subjects } = Binding.parse(binding);
    const where = binding.metadata.namespace ?? "everywhere";
    const who = subjects.map(({ kind, name, namespace }) => `${kind} ${namespace}/${name}`).join();
    return `${who}: ${roleRef.kind} ${roleRef.name} ${where}`;
  });
}

const controller = "ServiceAccount gpuinfo-system/gpuinfo";
const ownScheduler = "ServiceAccount gpuinfo-system/gpuinfo-scheduler";
const adviceGrants = [
  `${controller}: ClusterRole gpuinfo everywhere`,
  `${controller}: Role gpuinfo-leader-election gpuinfo-system`,
];
const placementGrants = [
  ...adviceGrants,
  `${controller}: ClusterRole gpuinfo-placement everywhere`,
  `${controller}: ClusterRole gpuinfo-pod-status everywhere`,
];
const schedulerGrants = [
  ...placementGrants,
  `${ownScheduler}: ClusterRole system:kube-scheduler everywhere`,
  `${ownScheduler}: ClusterRole system:volume-scheduler everywhere`,
  `${ownScheduler}: Role extension-apiserver-authentication-reader kube-system`,
  `${ownScheduler}: Role gpuinfo-scheduler-leader-election gpuinfo-system`,
];

describe("rights", () => {
  it.each([
    ["deploy/default", schedulerGrants],
    ["deploy/modes/extender", placementGrants],
    ["deploy/modes/affinity", placementGrants],
    ["deploy/modes/advice", adviceGrants],
  ])("in %s are granted to these and nobody else", (overlay, grants) => {
    expect(grantsOf(render(overlay)).toSorted()).toEqual(grants.toSorted());
  });
});

const Deployment = z.looseObject({
  spec: z.object({
    template: z.object({ spec: z.looseObject({ containers: z.array(z.unknown()) }) }),
  }),
});

function podsOf(
  manifests: readonly Manifest[],
): z.infer<typeof Deployment>["spec"]["template"]["spec"][] {
  return ofKind(manifests, "Deployment").map(
    (deployment) => Deployment.parse(deployment).spec.template.spec,
  );
}

const Controller = z.looseObject({
  containers: z.tuple([
    z.looseObject({
      env: z.array(z.looseObject({ name: z.string(), value: z.string().optional() })),
      ports: z.array(z.object({ name: z.string(), containerPort: z.number() })),
      volumeMounts: z.array(z.looseObject({ mountPath: z.string() })),
    }),
  ]),
});

const Policy = z.object({
  spec: z.object({
    ingress: z.tuple([z.object({ ports: z.array(z.object({ port: z.string() })) })]),
  }),
});

describe("the controller", () => {
  const always = ["health 8081", "metrics 8080"];
  const withWebhook = [...always, "webhook 9443"];
  const withExtender = ["extender 9444", ...withWebhook];
  it.each([
    ["deploy/default", "scheduler", withExtender],
    ["deploy/modes/extender", "extender", withExtender],
    ["deploy/modes/affinity", "affinity", withWebhook],
    ["deploy/modes/advice", "off", always],
  ])("of %s has the mode %s and opens the ports that it needs", (overlay, mode, ports) => {
    const manifests = render(overlay);
    const [pod] = podsOf(manifests);
    const { env, ports: open, volumeMounts } = Controller.parse(pod).containers[0];
    expect(env).toContainEqual({ name: "PLACEMENT_MODE", value: mode });
    const watches = env.some(({ name, value }) => name === "WATCH_PROMISES" && value === "true");
    expect(watches).toBe(mode !== "off");
    expect(open.map(({ name, containerPort }) => `${name} ${containerPort}`).toSorted()).toEqual(
      ports,
    );
    const [policy] = ofKind(manifests, "NetworkPolicy");
    const reachable = Policy.parse(policy).spec.ingress[0].ports.map(({ port }) => port);
    expect(reachable.toSorted()).toEqual(ports.map((port) => port.split(" ")[0]));
    const mounts = volumeMounts.map(({ mountPath }) => mountPath);
    expect(mounts.includes("/etc/gpuinfo/tls")).toBe(mode !== "off");
  });
});

describe.each(overlays)("%s", (overlay) => {
  const text = renderText(overlay);
  const manifests = render(overlay);

  it("has no plain HTTP and nothing insecure", () => {
    expect(text).not.toMatch(/insecure|http:\/\//i);
  });

  it("reaches extenders with a CA, a client certificate and the server's name, all mounted", () => {
    for (const { configuration, mounts } of schedulersOf(manifests)) {
      expect(configuration.extenders).not.toHaveLength(0);
      expect(configuration.extenders.flatMap(tlsProblems)).toEqual([]);
      for (const { tlsConfig = {} } of configuration.extenders) {
        for (const file of [tlsConfig["caFile"], tlsConfig["certFile"], tlsConfig["keyFile"]]) {
          expect(mounts.some((mount) => String(file).startsWith(`${mount}/`))).toBe(true);
        }
      }
    }
    const hasOwn = overlay === "deploy/default" || overlay === "deploy/examples/two-vcenters";
    expect(schedulersOf(manifests)).toHaveLength(hasOwn ? 1 : 0);
  });

  it("restricts every container, bounds its memory and probes it", () => {
    for (const { containers, securityContext } of podsOf(manifests)) {
      expect(securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: "RuntimeDefault" },
      });
      expect(containers).toEqual([
        expect.objectContaining({
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          },
          resources: {
            requests: { cpu: expect.any(String), memory: expect.any(String) },
            limits: { memory: expect.any(String) },
          },
          livenessProbe: expect.objectContaining({ httpGet: expect.anything() }),
          readinessProbe: expect.objectContaining({ httpGet: expect.anything() }),
        }),
      ]);
    }
  });

  it("runs everything twice, and lets one be drained at a time", () => {
    const deployments = ofKind(manifests, "Deployment");
    const budgets = ofKind(manifests, "PodDisruptionBudget");
    for (const { metadata, spec } of deployments) {
      const { replicas, selector } = z
        .looseObject({ replicas: z.number(), selector: z.unknown() })
        .parse(spec);
      expect(replicas).toBe(2);
      const budget = budgets.find(({ metadata: { name } }) => name === metadata.name);
      expect(budget).toMatchObject({ spec: { minAvailable: 1, selector } });
    }
  });

  it("grants nothing to a ServiceAccount that it does not make", () => {
    const accounts = ofKind(manifests, "ServiceAccount").map(titleOf);
    for (const grant of grantsOf(manifests)) {
      expect(accounts).toContain(grant.split(":")[0]);
    }
  });
});

interface InstalledScheduler {
  readonly configuration: SchedulerConfiguration;
  /** Where its pod has Secrets. */
  readonly mounts: readonly string[];
}

const Scheduler = z.looseObject({
  volumes: z.array(
    z.looseObject({
      name: z.string(),
      configMap: z.object({ name: z.string() }).optional(),
      secret: z.looseObject({ secretName: z.string() }).optional(),
    }),
  ),
  containers: z.array(
    z.looseObject({
      volumeMounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string() })),
    }),
  ),
});

/** Every configuration of a kube-scheduler that a pod of the overlay reads. */
function schedulersOf(manifests: readonly Manifest[]): InstalledScheduler[] {
  const configurations = ofKind(manifests, "ConfigMap").filter(({ metadata }) =>
    metadata.name.startsWith("gpuinfo-scheduler-config"),
  );
  return configurations.map(({ data, metadata }) => {
    const file = z.object({ "config.yaml": z.string() }).parse(data)["config.yaml"];
    const pods = podsOf(manifests).map((pod) => Scheduler.parse(pod));
    const reader = pods.find(({ volumes }) =>
      volumes.some(({ configMap }) => configMap?.name === metadata.name),
    );
    if (reader === undefined) throw new Error(`no pod reads ${metadata.name}`);
    const secrets = reader.volumes.flatMap(({ name, secret }) =>
      secret === undefined ? [] : name,
    );
    const mounts = reader.containers
      .flatMap(({ volumeMounts }) => volumeMounts)
      .filter(({ name }) => secrets.includes(name))
      .map(({ mountPath }) => mountPath);
    return { configuration: SchedulerConfiguration.parse(parse(file)), mounts };
  });
}

const Files = z.looseObject({
  containers: z.tuple([
    z.looseObject({
      env: z.array(z.looseObject({ name: z.string(), value: z.string().optional() })),
      volumeMounts: z.array(
        z.looseObject({
          name: z.string(),
          mountPath: z.string(),
          subPath: z.string().optional(),
          readOnly: z.literal(true),
        }),
      ),
    }),
  ]),
  volumes: z.array(
    z.looseObject({
      name: z.string(),
      configMap: z.looseObject({ name: z.string() }).optional(),
      secret: z.looseObject({ secretName: z.string(), optional: z.literal(true) }).optional(),
    }),
  ),
});

describe("the example with two vCenters", () => {
  const manifests = render("deploy/examples/two-vcenters");
  const { containers, volumes } = Files.parse(podsOf(manifests)[0]);
  const { env, volumeMounts } = containers[0];
  const mountedAt = (mountPath: string) => {
    const mount = volumeMounts.find((candidate) => candidate.mountPath === mountPath);
    return volumes.find(({ name }) => name === mount?.name);
  };

  it("reads the list that it ships, and each vCenter's Secret where the list says", async () => {
    const file = env.find(({ name }) => name === "VCENTERS_FILE")?.value ?? "";
    const list = ofKind(manifests, "ConfigMap").find(
      ({ metadata }) => metadata.name === mountedAt(file)?.configMap?.name,
    );
    const { data } = z.object({ data: z.record(z.string(), z.string()) }).parse(list);
    const copy = join(await scratchDir("vcenters"), "vcenters.yaml");
    writeFileSync(copy, data[basename(file)] ?? "");
    const { vcenters = [] } = readVcentersFile(copy);
    const secrets = vcenters.map(({ name, dir }) => {
      const mounted = mountedAt(join(dirname(file), relative(dirname(copy), dir)));
      return `${name}: ${mounted?.secret?.secretName}`;
    });
    expect(secrets).toEqual(["east: vc-creds-east", "west: vc-creds-west"]);
  });

  it("leaves nothing of the single vCenter, which would be refused beside it", () => {
    expect(env.filter(({ name }) => /^(GOVMOMI|VC)_/.test(name))).toEqual([]);
    expect(mountedAt("/etc/gpuinfo/vcenter")).toBeUndefined();
    expect(volumes.map(({ secret }) => secret?.secretName)).not.toContain("vc-creds");
  });
});

const Webhooks = z.object({
  webhooks: z.array(
    z.looseObject({ clientConfig: z.object({ service: z.looseObject({ name: z.string() }) }) }),
  ),
});

describe("certificates", () => {
  const manifests = render("deploy/default");
  const certificates = new Map(
    ofKind(manifests, "Certificate").map(({ metadata, spec }) => [metadata.name, spec]),
  );

  it("are issued by our own authority, which signs itself", () => {
    expect(certificates.get("gpuinfo-ca")).toMatchObject({
      isCA: true,
      secretName: "gpuinfo-ca",
      issuerRef: { kind: "Issuer", name: "gpuinfo-selfsigned" },
    });
    for (const name of ["gpuinfo-serving", "gpuinfo-scheduler-client"]) {
      expect(certificates.get(name)).toMatchObject({
        secretName: name,
        issuerRef: { kind: "Issuer", name: "gpuinfo-ca" },
        privateKey: { rotationPolicy: "Always" },
      });
    }
  });

  it("serve under the names of both Services, and are no client's", () => {
    const services = ["gpuinfo-webhook", "gpuinfo-extender"];
    expect(certificates.get("gpuinfo-serving")).toMatchObject({
      usages: ["digital signature", "server auth"],
      dnsNames: services.flatMap((name) => [
        name,
        `${name}.gpuinfo-system`,
        `${name}.gpuinfo-system.svc`,
      ]),
    });
  });

  it("let the scheduler be known by its name, and are no server's", () => {
    expect(certificates.get("gpuinfo-scheduler-client")).toMatchObject({
      commonName: "gpuinfo-scheduler",
      usages: ["digital signature", "client auth"],
    });
  });

  it("are what the webhook's caller trusts", () => {
    const [webhook] = ofKind(manifests, "MutatingWebhookConfiguration");
    expect(webhook?.metadata["annotations"]).toEqual({
      "cert-manager.io/inject-ca-from": "gpuinfo-system/gpuinfo-serving",
    });
    const services = ofKind(manifests, "Service").map(({ metadata }) => metadata.name);
    for (const { clientConfig } of Webhooks.parse(webhook).webhooks) {
      expect(services).toContain(clientConfig.service.name);
    }
  });
});
