/** Sends the token of a file that is replaced now and then, as kubelet does with a ServiceAccount's. */

import { readFile } from "node:fs/promises";
import type { KubeConfig, User } from "@kubernetes/client-node";

const providerName = "gpuinfo-token-file";
type Authenticator = Parameters<KubeConfig["addAuthenticator"]>[0];
type RequestOptions = Parameters<Authenticator["applyAuthentication"]>[1];

/** @returns the user with its token read from `path`, by {@link TokenFileAuth}, and from nowhere else. */
export function withTokenFile(user: User, path: string): User {
  return { name: user.name, authProvider: { name: providerName, config: { path } } };
}

/**
 * client-node's own reader keeps a token for a minute, sends a trailing newline along, and does not
 * know the `tokenFile` of a kubeconfig at all.
 */
export class TokenFileAuth implements Authenticator {
  isAuthProvider(user: User): boolean {
    return user.authProvider?.name === providerName;
  }

  async applyAuthentication(user: User, options: RequestOptions): Promise<void> {
    const token = (await readFile(user.authProvider.config.path, "utf8")).trim();
    if (token === "")
      throw new Error(`${user.authProvider.config.path}: wanted a token, found none`);
    options.headers = { ...options.headers, Authorization: `Bearer ${token}` };
  }
}
