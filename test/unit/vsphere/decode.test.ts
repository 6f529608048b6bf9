import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  asArray,
  decodeChanges,
  decodeRetrieved,
  decodeServiceContent,
  readBoolean,
  readInteger,
  readList,
  readReference,
  readString,
  readTime,
  toSoapReference,
  typeOf,
} from "../../../src/vsphere/decode.ts";
import { VsphereError } from "../../../src/vsphere/errors.ts";
import { garbage, orVsphereError, reference, text, typed } from "./values.ts";

/** The decoded value, or "kind type" of what was thrown. */
function outcome(decode: () => unknown): unknown {
  try {
    return decode();
  } catch (error) {
    return error instanceof VsphereError ? `${error.kind} ${error.type}` : error;
  }
}

const refused = "protocol UnexpectedValue";

describe("scalars", () => {
  it.each<[string, (value: unknown, what: string) => unknown, unknown, unknown]>([
    ["an empty element is an empty string", readString, typed("xsd:string", {}), ""],
    ["a bare element", readString, "worker-1", "worker-1"],
    ["an element with a type", readString, text("worker-1"), "worker-1"],
    ["nothing is no string", readString, undefined, refused],
    ["null is no string", readString, null, refused],
    ["an object is no string", readString, { child: "x" }, refused],
    ["a negative short", readInteger, typed("xsd:short", "-32634"), -32634],
    ["a number that the parser already made", readInteger, 7, 7],
    ["the largest safe number", readInteger, "9007199254740991", Number.MAX_SAFE_INTEGER],
    ["one more", readInteger, "9007199254740992", refused],
    ["a fraction", readInteger, "1.5", refused],
    ["an exponent", readInteger, "1e3", refused],
    ["hexadecimal", readInteger, "0x10", refused],
    ["blank is no number", readInteger, "", refused],
    ["true", readBoolean, typed("xsd:boolean", "true"), true],
    ["1", readBoolean, "1", true],
    ["0", readBoolean, "0", false],
    ["a boolean that the parser already made", readBoolean, false, false],
    ["TRUE is no xsd:boolean", readBoolean, "TRUE", refused],
    ["blank is no boolean", readBoolean, "", refused],
    ["UTC", readTime, typed("xsd:dateTime", "2026-12-01T02:00:00Z"), Date.UTC(2026, 11, 1, 2)],
    ["another zone", readTime, "2026-12-01T02:00:00.5+02:00", Date.UTC(2026, 11, 1, 0, 0, 0, 500)],
    ["no zone is UTC", readTime, "2026-12-01T02:00:00", Date.UTC(2026, 11, 1, 2)],
    ["a day alone is no time", readTime, "2026-12-01", refused],
    ["words are no time", readTime, "tomorrow", refused],
    ["month 13 is no time", readTime, "2026-13-01T02:00:00Z", refused],
  ])("%s", (_, read, value, expected) => {
    expect(outcome(() => read(value, "a test"))).toEqual(expected);
  });

  it("names the place, what was wanted and what was found", () => {
    expect(() => readInteger(text("many"), "hardware.numCPU")).toThrow(
      'hardware.numCPU: wanted a whole number, found "many"',
    );
  });
});

describe("references and lists", () => {
  it("rebuilds a reference that came inside a value, without its extra attribute", () => {
    const object = readReference(reference("HostSystem", "host-9"), "runtime.host");
    expect(toSoapReference(object)).toEqual({
      attributes: { type: "HostSystem" },
      $value: "host-9",
    });
  });

  it.each([
    ["without a type", "host-9"],
    ["without an id", { attributes: { type: "HostSystem" } }],
    ["with an empty type", { attributes: { type: "" }, $value: "host-9" }],
    ["that is a list", [reference("HostSystem", "host-9")]],
  ])("refuses a reference %s", (_, value) => {
    expect(outcome(() => readReference(value, "runtime.host"))).toBe(refused);
  });

  it.each([
    ["nothing", undefined, []],
    ["an empty element", null, []],
    ["no children", typed("ArrayOfString", {}), []],
    ["one child, which is no array", { string: "a" }, ["a"]],
    ["several", { string: ["a", "b"] }, ["a", "b"]],
  ])("reads a list of %s", (_, value, expected) => {
    expect(readList(value, "string", "a test")).toEqual(expected);
  });

  it.each([
    ["xsi:type", "VirtualDisk"],
    ["_XMLSchema-instance:type", "vim25:VirtualDisk"],
    ["XMLSchema-instance:type", "VirtualDisk"],
  ])("finds the type in the attribute %s", (name, type) => {
    expect(typeOf({ attributes: { type: "HostSystem", [name]: type } })).toBe("VirtualDisk");
  });

  it("treats one and many alike", () => {
    expect([asArray(undefined), asArray("a"), asArray(["a"])]).toEqual([[], ["a"], ["a"]]);
  });
});

const host = { attributes: { type: "HostSystem" }, $value: "host-1" };

function refusal(path: string, type: string, details: object = {}) {
  const fault = { attributes: { "xsi:type": type }, ...details };
  return { path, fault: { fault, localizedMessage: "" } };
}

describe("RetrieveResult", () => {
  it("takes no answer for no objects", () => {
    expect(decodeRetrieved(undefined)).toEqual({ objects: [] });
  });

  it("reads one object that is no array, its values, and what it may not see", () => {
    const page = decodeRetrieved({
      token: "t-1",
      objects: {
        obj: host,
        propSet: { name: "name", val: text("esxi-a") },
        missingSet: refusal("recentTask", "NoPermission"),
      },
    });
    expect(page.token).toBe("t-1");
    expect(page.objects).toHaveLength(1);
    expect(page.objects[0]?.object).toEqual({ type: "HostSystem", id: "host-1" });
    expect(page.objects[0]?.values.get("name")).toEqual(text("esxi-a"));
    expect(page.objects[0]?.refused).toEqual(new Map([["recentTask", "NoPermission"]]));
  });

  it.each<[string, object, string]>([
    [
      "of the property's object",
      { object: host, privilegeId: text("System.Read") },
      "NoPermission (privilege System.Read on HostSystem host-1)",
    ],
    ["of an object that is not named", { privilegeId: "X.Y" }, "NoPermission (privilege X.Y)"],
    [
      "in the list that newer vCenters send",
      { missingPrivileges: { entity: host, privilegeIds: [text("System.View"), text("Other")] } },
      "NoPermission (privilege System.View on HostSystem host-1)",
    ],
    ["that is empty", { object: host, privilegeId: "" }, "NoPermission"],
    [
      "of an odd shape",
      { object: [], privilegeId: { x: 1 }, missingPrivileges: "" },
      "NoPermission",
    ],
  ])("names a missing privilege %s", (_, details, expected) => {
    const missingSet = refusal("name", "NoPermission", details);
    const page = decodeRetrieved({ objects: { obj: host, missingSet } });
    expect(page.objects[0]?.refused).toEqual(new Map([["name", expected]]));
  });

  it("sees in a missing property that the session ended", () => {
    const value = { objects: { obj: host, missingSet: refusal("name", "NotAuthenticated") } };
    expect(outcome(() => decodeRetrieved(value))).toBe("auth NotAuthenticated");
  });

  it.each([
    ["text", "OK"],
    ["an object without a reference", { objects: [{ propSet: [] }] }],
    ["a property without a name", { objects: { obj: host, propSet: { val: text("a") } } }],
    ["an empty object", { objects: [null] }],
  ])("refuses %s", (_, value) => {
    expect(outcome(() => decodeRetrieved(value))).toBe(refused);
  });
});

describe("UpdateSet", () => {
  it("takes no answer for no change", () => {
    expect(decodeChanges(undefined)).toBeUndefined();
  });

  it("reads changes of all filters, and a value that is no longer set", () => {
    const set = decodeChanges({
      version: "7",
      truncated: true,
      filterSet: [
        {
          objectSet: {
            kind: "modify",
            obj: { attributes: { type: "VirtualMachine" }, $value: "vm-1" },
            changeSet: [
              { name: "runtime.host", op: "assign" },
              { name: "guest.hostName", op: "indirectRemove", val: text("old") },
              { name: "name", op: "assign", val: text("new") },
            ],
          },
        },
        { objectSet: { kind: "leave", obj: host } },
      ],
    });
    expect(set).toMatchObject({ version: "7", truncated: true });
    expect(set?.changes.map(({ kind, object }) => [kind, object.id])).toEqual([
      ["modify", "vm-1"],
      ["leave", "host-1"],
    ]);
    expect(set?.changes[0]?.values).toEqual(
      new Map<string, unknown>([
        ["runtime.host", undefined],
        ["guest.hostName", undefined],
        ["name", text("new")],
      ]),
    );
  });

  it("tells of an object that may not be seen at all", () => {
    const missingSet = { obj: host, ...refusal("", "NoPermission") };
    const set = decodeChanges({ version: "1", filterSet: { missingSet } });
    expect(set?.changes[0]?.refused).toEqual(new Map([["*", "NoPermission"]]));
  });

  it.each([
    ["without a version", { filterSet: [] }],
    [
      "with a kind that we do not know",
      { version: "1", filterSet: { objectSet: { kind: "gone", obj: host } } },
    ],
    ["with a change of nothing", { version: "1", filterSet: { objectSet: { kind: "enter" } } }],
    ["that is truncated perhaps", { version: "1", truncated: "maybe" }],
  ])("refuses a set %s", (_, value) => {
    expect(outcome(() => decodeChanges(value))).toBe(refused);
  });
});

describe("ServiceContent", () => {
  const content = {
    rootFolder: { attributes: { type: "Folder" }, $value: "group-d1" },
    propertyCollector: { attributes: { type: "PropertyCollector" }, $value: "propertyCollector" },
    viewManager: { attributes: { type: "ViewManager" }, $value: "ViewManager" },
    sessionManager: { attributes: { type: "SessionManager" }, $value: "SessionManager" },
    scheduledTaskManager: { attributes: { type: "ScheduledTaskManager" }, $value: "Scheduler" },
    customFieldsManager: { attributes: { type: "CustomFieldsManager" }, $value: "Fields" },
    about: {
      apiType: "VirtualCenter",
      apiVersion: "8.0.3.0",
      fullName: "VMware vCenter Server",
      instanceUuid: "e564acec-0d4a-5ebc-8caa-853fcc9bee46",
    },
  };

  it("reads what is needed of a vCenter", () => {
    expect(decodeServiceContent(content)).toMatchObject({
      apiVersion: "8.0.3.0",
      rootFolder: { type: "Folder", id: "group-d1" },
    });
  });

  it("refuses an ESXi host by its name for itself", () => {
    const esxi = { ...content, about: { ...content.about, apiType: "HostAgent" } };
    expect(() => decodeServiceContent(esxi)).toThrow("its apiType is HostAgent");
    expect(outcome(() => decodeServiceContent(esxi))).toBe("settings NotVcenter");
  });

  it.each(Object.keys(content))("refuses one without %s", (key) => {
    expect(outcome(() => decodeServiceContent({ ...content, [key]: undefined }))).toBe(refused);
  });
});

describe("garbage", () => {
  it.each<[string, (value: unknown) => unknown]>([
    ["pages", decodeRetrieved],
    ["changes", decodeChanges],
    ["service contents", decodeServiceContent],
    ["lists", (value) => readList(value, "name", "a test")],
    ["times", (value) => readTime(value, "a test")],
    ["references", (value) => readReference(value, "a test")],
  ])("makes %s fail with a VsphereError at most", (_, decode) => {
    const property = fc.property(garbage, (value) => void orVsphereError(() => decode(value)));
    expect(() => fc.assert(property, { numRuns: 500 })).not.toThrow();
  });
});
