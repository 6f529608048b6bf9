import { describe, expect, it } from "vitest";
import { reachLocally } from "../../../hack/stack/placement/reach-webhook.ts";
import { parseManifests } from "../../../hack/stack/pod/manifest.ts";

const rendered = `
apiVersion: v1
kind: Service
metadata: { name: hook, namespace: ns, labels: { a: b } }
spec: { selector: { a: b }, ports: [{ port: 9443, targetPort: webhook }] }
---
apiVersion: v1
kind: Service
metadata: { name: other, namespace: ns }
spec: { selector: { a: b }, ports: [{ port: 9443 }] }
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: { name: hook, annotations: { x: y } }
webhooks:
- name: a
  failurePolicy: Fail
  clientConfig: { service: { name: hook, namespace: ns, path: /a, port: 9443 } }
- name: b
  clientConfig: { service: { name: other, namespace: ns, port: 9443 } }
`;
const manifests = parseManifests(rendered);
const [service, other, configuration] = reachLocally(manifests, "hook", 12_345);

describe("manifests with a webhook that runs on this machine", () => {
  it("have its Service as an alias of localhost, since nothing makes cluster addresses work", () => {
    expect(service).toEqual({
      ...manifests[0],
      spec: { type: "ExternalName", externalName: "localhost", ports: [{ port: 12_345 }] },
    });
  });

  it("leave every other Service alone", () => {
    expect(other).toEqual(manifests[1]);
  });

  it("call it at its port, with all else as shipped", () => {
    const shipped = JSON.stringify(manifests[2]);
    const expected = shipped.replace('"path":"/a","port":9443', '"path":"/a","port":12345');
    expect(expected).not.toBe(shipped);
    expect(configuration).toEqual(JSON.parse(expected));
  });
});
