/** Writes kubeconfig files: JSON, which every reader of YAML takes. */

/** Who the file's user is: by client certificate, or by a token that is read anew from a file. */
export type Credentials =
  | { readonly certFile: string; readonly keyFile: string }
  | { readonly tokenFile: string };

export function kubeconfigText(url: string, caFile: string, credentials: Credentials): string {
  const user =
    "tokenFile" in credentials
      ? { tokenFile: credentials.tokenFile }
      : { "client-certificate": credentials.certFile, "client-key": credentials.keyFile };
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "local", cluster: { server: url, "certificate-authority": caFile } }],
    users: [{ name: "local", user }],
    contexts: [
      { name: "local", context: { cluster: "local", user: "local", namespace: "default" } },
    ],
    "current-context": "local",
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
