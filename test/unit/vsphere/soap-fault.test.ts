import { describe, expect, it } from "vitest";
import { fromTransportError, toVsphereError } from "../../../src/vsphere/errors.ts";
import { toCallError } from "../../../src/vsphere/soap-fault.ts";

/** What node-soap throws for a fault, response and all. */
function aFault(detail: unknown, faultstring: unknown = ""): unknown {
  const error = new Error("soap:Server");
  const root = {
    Envelope: { Body: { Fault: { faultcode: "ServerFaultCode", faultstring, detail } } },
  };
  return Object.assign(error, {
    root,
    response: { config: { data: "<password>secret</password>" } },
  });
}

const typed = (type: string) => ({ attributes: { "XMLSchema-instance:type": type } });

describe("a fault", () => {
  it.each<[string, unknown, string, string]>([
    [
      "NotAuthenticated with an empty text",
      { NotAuthenticatedFault: typed("NotAuthenticated") },
      "CurrentTime",
      "auth NotAuthenticated",
    ],
    ["InvalidLogin", { InvalidLoginFault: typed("InvalidLogin") }, "Login", "auth InvalidLogin"],
    [
      "any other refusal of a login",
      { NoPermissionFault: typed("NoPermission") },
      "Login",
      "auth NoPermission",
    ],
    [
      "a type with a prefix",
      { RuntimeFaultFault: typed("vim25:HostCommunication") },
      "CurrentTime",
      "fault HostCommunication",
    ],
    ["no type", { ManagedObjectNotFoundFault: {} }, "CurrentTime", "fault ManagedObjectNotFound"],
    ["no detail", undefined, "CurrentTime", "fault UnknownFault"],
    ["an empty detail", {}, "CurrentTime", "fault UnknownFault"],
    ["a detail that is text", "oops", "CurrentTime", "fault UnknownFault"],
  ])("%s", (_, detail, method, expected) => {
    const error = toCallError(aFault(detail), method);
    expect(`${error.kind} ${error.type}`).toBe(expected);
    expect(error.method).toBe(method);
  });

  it("names the object that is gone", () => {
    const obj = { attributes: { type: "HostSystem" }, $value: "host-9" };
    const detail = { ManagedObjectNotFoundFault: { ...typed("ManagedObjectNotFound"), obj } };
    expect(toCallError(aFault(detail), "RetrievePropertiesEx").object).toBe("host-9");
  });

  it("names the privilege that is missing, and on what", () => {
    const object = { attributes: { type: "HostSystem" }, $value: "host-9" };
    const fault = { ...typed("NoPermission"), object, privilegeId: "System.View" };
    const error = toCallError(aFault({ NoPermissionFault: fault }), "CreateContainerView");
    expect(error).toMatchObject({
      type: "NoPermission",
      object: "host-9",
      privilege: "System.View",
    });
    expect(error.message).toContain(
      "vCenter answered NoPermission (privilege System.View on HostSystem host-9)",
    );
  });

  it("repeats the server's words, but not all of a long speech", () => {
    const error = toCallError(aFault({}, `because ${"x".repeat(1000)}`), "CurrentTime");
    expect(error.message).toMatch(/^CurrentTime: vCenter answered UnknownFault: because x+$/);
    expect(error.message.length).toBeLessThan(400);
  });

  it("repeats no words when the login was refused, whatever a proxy wrote there", () => {
    const error = toCallError(
      aFault({ InvalidLoginFault: typed("InvalidLogin") }, "got secret"),
      "Login",
    );
    expect(JSON.stringify([error, error.message, error.stack, error.cause])).not.toContain(
      "secret",
    );
  });
});

describe("other errors of node-soap", () => {
  it.each<[string, unknown]>([
    [
      "an Error with the response",
      Object.assign(new Error("bad"), { response: { config: "secret" } }),
    ],
    [
      "a bare object, as its XML parser throws",
      { Fault: { faultstring: "Invalid XML", detail: "secret" } },
    ],
    ["a string", "secret"],
  ])("%s is a protocol error that repeats nothing", (_, thrown) => {
    const error = toCallError(thrown, "CurrentTime");
    expect(`${error.kind} ${error.type}`).toBe("protocol UnreadableAnswer");
    expect(JSON.stringify([error, error.message, error.cause ?? ""])).not.toContain("secret");
  });
});

describe("an error of the connection", () => {
  it.each<[string, string]>([
    ["ECONNREFUSED", "network ECONNREFUSED"],
    ["ENOTFOUND", "network ENOTFOUND"],
    ["ECONNRESET", "network ECONNRESET"],
    ["ETIMEDOUT", "timeout connect"],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "tls UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "tls DEPTH_ZERO_SELF_SIGNED_CERT"],
    ["CERT_HAS_EXPIRED", "tls CERT_HAS_EXPIRED"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "tls ERR_TLS_CERT_ALTNAME_INVALID"],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "tls ERR_SSL_WRONG_VERSION_NUMBER"],
    ["EPROTO", "tls EPROTO"],
    ["", "network UNKNOWN"],
  ])("%s is %s", (code, expected) => {
    const config = { headers: { Cookie: "secret" }, data: "secret" };
    const error = fromTransportError(Object.assign(new Error("it failed"), { code, config }));
    expect(`${error.kind} ${error.type}`).toBe(expected);
    expect(JSON.stringify([error, error.message, error.cause ?? ""])).not.toContain("secret");
  });
});

describe("toVsphereError", () => {
  it("adds the method to an error that names none", () => {
    const error = toVsphereError(fromTransportError({ code: "ECONNRESET" }), "Login");
    expect([error.kind, error.type, error.method]).toEqual(["network", "ECONNRESET", "Login"]);
  });

  it.each<[unknown, string]>([
    [new TypeError("x is not a function"), "unexpected error: x is not a function"],
    [undefined, "unexpected error: unknown"],
  ])("takes anything else for unexpected: %s", (thrown, message) => {
    expect(toVsphereError(thrown, "Login")).toMatchObject({
      kind: "protocol",
      type: "Unexpected",
      message,
    });
  });
});
