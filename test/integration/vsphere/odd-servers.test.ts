import { once } from "node:events";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Authority, createAuthority } from "../../../hack/stack/cluster/pki.ts";
import { watchedCache } from "./watched-cache.ts";

const password = "a <secret> word";

let authority: Authority;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  authority = await createAuthority("an odd server's authority");
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A TLS server that answers each SOAP method as told; `requests` are the methods that were called. */
async function serve(answer: (method: string, body: string) => Answer) {
  const { certPem, keyPem } = await authority.issue({ commonName: "odd", hosts: ["127.0.0.1"] });
  const requests: string[] = [];
  const listener: RequestListener = (request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on("end", () => {
      const method = /<soap:Body><(?:\w+:)?(\w+)/.exec(body)?.[1] ?? "?";
      requests.push(method);
      const { status = 200, headers = {}, text } = answer(method, body);
      response.writeHead(status, headers).end(text);
    });
  };
  const server = createServer({ cert: certPem, key: keyPem }, listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: urlOf(server.address()), requests };
}

interface Answer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly text: string;
}

function urlOf(address: AddressInfo | string | null, scheme = "https"): string {
  if (address === null || typeof address === "string") throw new Error("no port");
  return `${scheme}://127.0.0.1:${address.port}/sdk`;
}

const envelope = (body: string): string =>
  `<?xml version="1.0"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">
    <soapenv:Body>${body}</soapenv:Body></soapenv:Envelope>`;

function reference(name: string): string {
  return `<${name} type="${name}">${name}</${name}>`;
}

function serviceContent(apiType = "VirtualCenter"): string {
  return envelope(`<RetrieveServiceContentResponse xmlns="urn:vim25"><returnval>
    ${["rootFolder", "propertyCollector", "viewManager"].map(reference).join("")}
    <about><name>x</name><fullName>Odd 1.0</fullName><apiType>${apiType}</apiType>
    <apiVersion>8.0.3.0</apiVersion><instanceUuid>e564acec-0d4a-5ebc-8caa-853fcc9bee46</instanceUuid></about>
    ${["sessionManager", "scheduledTaskManager", "customFieldsManager"].map(reference).join("")}
    </returnval></RetrieveServiceContentResponse>`);
}

const loggedIn = envelope(
  `<LoginResponse xmlns="urn:vim25"><returnval><key>k</key><userName>u</userName><fullName>u</fullName></returnval></LoginResponse>`,
);
const cookie = { "Set-Cookie": "vmware_soap_session=c00kie; Path=/; HttpOnly" };

/** Lets a cache meet the server; gives what it said, after two failures. */
async function meet(url: string) {
  const settings = { url, username: "u", password, caPem: authority.caPem, insecure: false };
  const watched = watchedCache({ settings }, { timings: { callMs: 1_000, connectMs: 300 } });
  watched.cache.start();
  await watched.until(
    () => watched.errors.length >= 2 || watched.errors[0]?.startsWith("auth") === true,
  );
  const { error } = watched.cache.health();
  await watched.cache.stop();
  const said = JSON.stringify([error, watched.log]);
  return { error: watched.errors[0], message: error?.message, said };
}

describe("a server that is odd", () => {
  it.each<[string, string, string]>([
    ["nothing", "", "protocol HTTP200"],
    ["a web page", "<!doctype html><html><body>Welcome</body></html>", "protocol HTTP200"],
    ["an envelope and no more", "<Envelope/>", "protocol"],
    ["an empty body", envelope(""), "protocol"],
    ["text in the body", envelope("Hello"), "protocol"],
    ["another answer", envelope(`<FooResponse xmlns="urn:vim25"/>`), "protocol"],
    [
      "an answer without a value",
      envelope(`<RetrieveServiceContentResponse xmlns="urn:vim25"/>`),
      "protocol NoReturnValue",
    ],
    [
      "an answer with an empty value",
      envelope(
        `<RetrieveServiceContentResponse xmlns="urn:vim25"><returnval/></RetrieveServiceContentResponse>`,
      ),
      "protocol",
    ],
    ["XML that ends too soon", serviceContent().slice(0, -30), "protocol"],
    ["XML that is none", "<Envelope><a></b></Envelope>", "protocol"],
    [
      "an entity bomb",
      `<!DOCTYPE x [<!ENTITY a "${"a".repeat(99)}">]>${envelope("&a;&a;")}`,
      "protocol",
    ],
    ["the service content of an ESXi host", serviceContent("HostAgent"), "settings NotVcenter"],
  ])("(%s) is told as what it is, and never gets the password", async (_, text, expected) => {
    const { url, requests } = await serve(() => ({ text }));
    const { error } = await meet(url);
    expect(error).toMatch(new RegExp(`^${expected}`));
    expect(new Set(requests)).toEqual(new Set(["RetrieveServiceContent"]));
  });

  it("(one that sends us elsewhere) is not followed", async () => {
    const elsewhere = await serve(() => ({ text: serviceContent() }));
    const headers = { Location: elsewhere.url };
    const { url } = await serve(() => ({ status: 307, headers, text: "" }));
    expect((await meet(url)).error).toBe("protocol HTTP307");
    expect(elsewhere.requests).toEqual([]);
  });

  it("(one that gives no session) is not taken for vCenter", async () => {
    const { url } = await serve((method) => ({
      text: method === "Login" ? loggedIn : serviceContent(),
    }));
    expect((await meet(url)).error).toBe("protocol NoCookie");
  });

  it.each<[string, (body: string) => Answer]>([
    ["in a fault", (body) => ({ status: 500, text: fault("InvalidLogin", password, body) })],
    ["in an unknown fault", (body) => ({ status: 500, text: fault("Whatever", password, body) })],
    ["in a page", (body) => ({ status: 502, text: body })],
    ["as the answer", (body) => ({ text: body })],
    ["in broken XML", (body) => ({ text: body.slice(0, -20) })],
  ])("(one that echoes our login %s) does not get the password into the log", async (_, echo) => {
    const { url, requests } = await serve((method, body) =>
      method === "Login" ? echo(body) : { text: serviceContent() },
    );
    const { said, error } = await meet(url);
    expect(requests).toContain("Login");
    expect(error).toMatch(/^(auth|protocol) /);
    expect(said).not.toContain("secret");
  });

  it("(one that fails after the login) does not get the cookie into the log", async () => {
    const { url } = await serve((method) => {
      if (method === "RetrieveServiceContent") return { text: serviceContent() };
      if (method === "Login") return { headers: cookie, text: loggedIn };
      return {
        status: 500,
        text: fault("SystemError", "the session c00kie broke"),
      };
    });
    const { said, error } = await meet(url);
    expect(error).toBe("fault SystemError");
    expect(said).not.toContain("vmware_soap_session");
  });

  it("(one without TLS) is told as such", async () => {
    const server = createHttpServer((_, response) => response.end()).listen(0, "127.0.0.1");
    await once(server, "listening");
    closing.push(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    expect((await meet(urlOf(server.address()))).error).toMatch(/^tls /);
  });

  it("(a name that is not on the certificate) is refused", async () => {
    const { url, requests } = await serve(() => ({ text: serviceContent() }));
    const { error, message } = await meet(url.replace("127.0.0.1", "localhost"));
    expect(error).toBe("tls ERR_TLS_CERT_ALTNAME_INVALID");
    expect(message).toContain("use a name in GOVMOMI_URL that the certificate carries");
    expect(requests).toEqual([]);
  });
});

function fault(type: string, ...words: readonly string[]): string {
  const text = words.join(" ").replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return envelope(`<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>${text}</faultstring>
    <detail><${type}Fault xmlns="urn:vim25" xsi:type="${type}"/></detail></soapenv:Fault>`);
}
