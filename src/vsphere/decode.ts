/** Reads what node-soap makes of vCenter's XML; whatever has another shape is a VsphereError of kind `protocol`. */
import { protocolError, VsphereError } from "./errors.ts";

/** A reference to a managed object; ids are unique within one vCenter only. */
export interface ManagedObject {
  readonly type: string;
  readonly id: string;
}

/** A fault, and what it says to be missing. */
export interface Refusal {
  /** The fault's type, such as `NoPermission`. */
  readonly type: string;
  /** The managed object that it names. */
  readonly object?: ManagedObject;
  /** Such as `System.Read`. */
  readonly privilege?: string;
}

/** What vCenter told us of one object: values as they came, and the paths that it would not tell. */
export interface PropertyBag {
  readonly object: ManagedObject;
  /** By property path; decode a value with the `read…` functions. */
  readonly values: ReadonlyMap<string, unknown>;
  /** By property path, the fault that came instead of the value, as `describeRefusal` words it. */
  readonly refused: ReadonlyMap<string, string>;
}

/** Stands for a property path where vCenter shows nothing of an object. */
const wholeObject = "*";

/** One page of RetrievePropertiesEx. */
export interface RetrievedPage {
  readonly objects: readonly PropertyBag[];
  /** Present when there is more. */
  readonly token?: string;
}

/** A change of one object; for `modify`, `values` holds the changed paths only, `undefined` for what is no longer set. */
export interface ObjectChange extends PropertyBag {
  readonly kind: "enter" | "modify" | "leave";
}

/** What WaitForUpdatesEx tells. */
export interface ChangeSet {
  readonly version: string;
  /** More is waiting on the server: ask again at once. */
  readonly truncated: boolean;
  readonly changes: readonly ObjectChange[];
}

/** What we read of ServiceContent. */
export interface ServiceContent {
  readonly instanceUuid: string;
  readonly apiVersion: string;
  readonly fullName: string;
  readonly rootFolder: ManagedObject;
  readonly propertyCollector: ManagedObject;
  readonly viewManager: ManagedObject;
  readonly sessionManager: ManagedObject;
  readonly scheduledTaskManager: ManagedObject;
  readonly customFieldsManager: ManagedObject;
}

type Node = Readonly<Record<string, unknown>>;

/** A managed object reference as node-soap wants it; built anew, because one that came inside a value has extra attributes. */
export function toSoapReference(object: ManagedObject): unknown {
  return { attributes: { type: object.type }, $value: object.id };
}

/** The xsi:type of a value without its prefix, or empty. The prefix is not always `xsi`. */
export function typeOf(value: unknown): string {
  for (const [name, type] of Object.entries(attributesOf(value))) {
    if (name.endsWith(":type") && typeof type === "string") return type.replace(/^.*:/, "");
  }
  return "";
}

/** Reads a string; an empty element is an empty string. */
export function readString(value: unknown, what: string): string {
  const text = textOf(value);
  if (text === undefined) throw unexpected("a string", what, value);
  return text;
}

/** Reads a whole number that JavaScript can hold. */
export function readInteger(value: unknown, what: string): number {
  const text = textOf(value);
  const number = text !== undefined && /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(number)) throw unexpected("a whole number", what, value);
  return number;
}

/** Reads an xsd:boolean. */
export function readBoolean(value: unknown, what: string): boolean {
  const text = textOf(value);
  if (text === "true" || text === "1") return true;
  if (text === "false" || text === "0") return false;
  throw unexpected("true or false", what, value);
}

/** Reads an xsd:dateTime as milliseconds since the Unix epoch; one without a zone is UTC, as vCenter means it. */
export function readTime(value: unknown, what: string): number {
  const text = value instanceof Date ? value.toISOString() : (textOf(value) ?? "");
  const zoned = /(Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`;
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) ? Date.parse(zoned) : Number.NaN;
  if (Number.isNaN(time)) throw unexpected("a date and time", what, value);
  return time;
}

/** Reads a reference to a managed object. */
export function readReference(value: unknown, what: string): ManagedObject {
  const { type } = attributesOf(value);
  const id = textOf(value);
  if (typeof type !== "string" || !type || !id) throw unexpected("a reference", what, value);
  return { type, id };
}

/** Reads `ArrayOfX`: its children named `element`, none, one or many. */
export function readList(value: unknown, element: string, what: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!isNode(value) || textOf(value)) throw unexpected("a list", what, value);
  return asArray(value[element]);
}

/** A child of a value, by name; `undefined` where it is not set. */
export function childOf(value: unknown, name: string): unknown {
  return isNode(value) && Object.hasOwn(value, name) ? (value[name] ?? undefined) : undefined;
}

/** Reads a fault; `typeIfNone` is its type where it says none itself. Never throws: what is odd about it is left out. */
export function readRefusal(fault: unknown, typeIfNone = "UnknownFault"): Refusal {
  // Newer vCenters tell of several objects, each with its privileges.
  const [first] = asArray(childOf(fault, "missingPrivileges"));
  const named = ["obj", "object"].map((name) => childOf(fault, name)).find(isSet);
  const object = referenceIn(named ?? childOf(first, "entity"));
  const privileges = [childOf(fault, "privilegeId"), ...asArray(childOf(first, "privilegeIds"))];
  const privilege = privileges.map(textOf).find((text) => text !== undefined && text !== "");
  return {
    type: typeOf(fault) || typeIfNone,
    ...(object !== undefined && { object }),
    ...(privilege !== undefined && { privilege }),
  };
}

/** Such as `NoPermission (privilege System.Read on HostSystem host-12)`. */
export function describeRefusal({ type, object, privilege }: Refusal): string {
  if (privilege === undefined) return type;
  return `${type} (privilege ${privilege}${object === undefined ? "" : ` on ${object.type} ${object.id}`})`;
}

/** node-soap gives an element that may repeat as nothing, as itself, or as an array. */
export function asArray(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

/** Reads ServiceContent, and refuses what is not a vCenter Server: an ESXi host has no calendar and no views of a fleet. */
export function decodeServiceContent(value: unknown): ServiceContent {
  const about = childOf(value, "about");
  const apiType = readString(childOf(about, "apiType"), "about.apiType");
  if (apiType !== "VirtualCenter") {
    const message = `the server is not a vCenter Server: its apiType is ${apiType}, wanted VirtualCenter`;
    throw new VsphereError(message, { kind: "settings", type: "NotVcenter" });
  }
  const reference = (name: string) => readReference(childOf(value, name), name);
  return {
    instanceUuid: readString(childOf(about, "instanceUuid"), "about.instanceUuid"),
    apiVersion: readString(childOf(about, "apiVersion"), "about.apiVersion"),
    fullName: readString(childOf(about, "fullName"), "about.fullName"),
    rootFolder: reference("rootFolder"),
    propertyCollector: reference("propertyCollector"),
    viewManager: reference("viewManager"),
    sessionManager: reference("sessionManager"),
    scheduledTaskManager: reference("scheduledTaskManager"),
    customFieldsManager: reference("customFieldsManager"),
  };
}

/** Reads a page of RetrievePropertiesEx or ContinueRetrievePropertiesEx; no answer at all means no objects. */
export function decodeRetrieved(value: unknown): RetrievedPage {
  if (value === undefined || value === null) return { objects: [] };
  if (!isNode(value)) throw unexpected("objects", "RetrieveResult", value);
  const token = childOf(value, "token");
  return {
    objects: asArray(value["objects"]).map(decodeObject),
    ...(token === undefined ? {} : { token: readString(token, "token") }),
  };
}

/** Reads an UpdateSet; `undefined` when the wait ended without a change. */
export function decodeChanges(value: unknown): ChangeSet | undefined {
  if (value === undefined || value === null) return undefined;
  const truncated = childOf(value, "truncated");
  return {
    version: readString(childOf(value, "version"), "UpdateSet.version"),
    truncated: truncated !== undefined && readBoolean(truncated, "UpdateSet.truncated"),
    changes: asArray(childOf(value, "filterSet")).flatMap(decodeFilterUpdate),
  };
}

function decodeObject(value: unknown): PropertyBag {
  return {
    object: readReference(childOf(value, "obj"), "ObjectContent.obj"),
    values: decodeValues(childOf(value, "propSet")),
    refused: decodeRefused(childOf(value, "missingSet")),
  };
}

function decodeFilterUpdate(value: unknown): ObjectChange[] {
  const updates = asArray(childOf(value, "objectSet")).map((update) => ({
    kind: decodeKind(childOf(update, "kind")),
    object: readReference(childOf(update, "obj"), "ObjectUpdate.obj"),
    values: decodeValues(childOf(update, "changeSet")),
    refused: decodeRefused(childOf(update, "missingSet")),
  }));
  return [...updates, ...asArray(childOf(value, "missingSet")).map(decodeMissingObject)];
}

/** An object of which vCenter shows nothing at all. */
function decodeMissingObject(value: unknown): ObjectChange {
  const object = readReference(childOf(value, "obj"), "MissingObject.obj");
  return {
    kind: "modify",
    object,
    values: new Map(),
    refused: new Map([[wholeObject, refusalOf(value)]]),
  };
}

function decodeKind(value: unknown): ObjectChange["kind"] {
  const kind = readString(value, "ObjectUpdate.kind");
  if (kind === "enter" || kind === "modify" || kind === "leave") return kind;
  throw unexpected("enter, modify or leave", "ObjectUpdate.kind", value);
}

/** DynamicProperty and PropertyChange alike; a change without a value, or one that removes, unsets the path. */
function decodeValues(value: unknown): ReadonlyMap<string, unknown> {
  const values = new Map<string, unknown>();
  for (const property of asArray(value)) {
    const removes = /remove/i.test(textOf(childOf(property, "op")) ?? "");
    values.set(
      readString(childOf(property, "name"), "property name"),
      removes ? undefined : childOf(property, "val"),
    );
  }
  return values;
}

function decodeRefused(value: unknown): ReadonlyMap<string, string> {
  const refused = new Map<string, string>();
  for (const missing of asArray(value)) {
    refused.set(readString(childOf(missing, "path"), "missing path"), refusalOf(missing));
  }
  return refused;
}

/** The fault in place of a property. A session that ended shows here as well as in a fault of the whole call. */
function refusalOf(missing: unknown): string {
  const refusal = readRefusal(childOf(childOf(missing, "fault"), "fault"));
  const { type } = refusal;
  if (type !== "NotAuthenticated") return describeRefusal(refusal);
  throw new VsphereError("vCenter says that we are not logged in", { kind: "auth", type });
}

function referenceIn(value: unknown): ManagedObject | undefined {
  const { type } = attributesOf(value);
  const id = textOf(value);
  if (id === undefined || id === "") return undefined;
  return { type: typeof type === "string" ? type : "object", id };
}

function isSet(value: unknown): boolean {
  return value !== undefined;
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function attributesOf(value: unknown): Node {
  const attributes = isNode(value) ? value["attributes"] : undefined;
  return isNode(attributes) ? attributes : {};
}

function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (!isNode(value)) return undefined;
  if (Object.hasOwn(value, "$value")) return textOf(value["$value"]);
  return Object.keys(value).every((key) => key === "attributes") ? "" : undefined;
}

function unexpected(wanted: string, what: string, found: unknown): VsphereError {
  const shown = textOf(found)?.slice(0, 40) ?? (found === undefined ? "nothing" : typeof found);
  return protocolError(
    "UnexpectedValue",
    `${what}: wanted ${wanted}, found ${JSON.stringify(shown)}`,
  );
}
