/** Ways in which a node may be taken for a wrong virtual machine, each with the only right answer. */
import { createHash } from "node:crypto";
import type { NodeIdentity } from "../../../src/selection/model.ts";

/** A machine as its vCenter tells it: names escaped, uuids in any case. */
export interface WireMachine {
  /** Default: `east`. Object ids begin anew in each, so that they collide. */
  readonly vcenter?: "east" | "west";
  readonly name?: string;
  /** Default: one of its own. Empty: may not be read. */
  readonly uuid?: string;
  readonly instanceUuid?: string;
  readonly guest?: string;
  readonly power?: "poweredOn" | "poweredOff" | "suspended";
  /** Default: `/DC0/vm`. Empty: in a vApp. */
  readonly folder?: string;
  /** Paths of properties that vCenter does not show. */
  readonly refused?: readonly string[];
}

export interface Trap {
  /** Why a simple matcher goes wrong here. */
  readonly why: string;
  readonly machines: Readonly<Record<string, WireMachine>>;
  readonly nodes: readonly Partial<NodeIdentity>[];
  /** Of each node: the machine's letter and the confidence, or the Reason. */
  readonly expected: readonly string[];
}

/** Always the same one for the same word. */
export function uuidOf(word: string): string {
  const hex = createHash("sha1").update(word).digest("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, "$1-$2-$3-$4-$5");
}

/** The first three groups with their bytes turned round; not by the code under test. */
export function turned(uuid: string): string {
  return uuid.replace(
    /^(..)(..)(..)(..)-(..)(..)-(..)(..)/,
    (_, ...b: readonly string[]) => `${b[3]}${b[2]}${b[1]}${b[0]}-${b[5]}${b[4]}-${b[7]}${b[6]}`,
  );
}

const u = uuidOf;
const off = "poweredOff";

export const traps: readonly Trap[] = [
  // How a uuid is written
  {
    why: "The cloud provider wrote the uuid in capital letters.",
    machines: { a: { uuid: u("caps") } },
    nodes: [{ name: "caps", providerId: `vsphere://${u("caps").toUpperCase()}` }],
    expected: ["a by id"],
  },
  {
    why: "vCenter tells the uuid in capital letters, the node in small ones.",
    machines: { a: { uuid: u("vc-caps").toUpperCase() } },
    nodes: [{ name: "vc-caps", systemUuid: u("vc-caps") }],
    expected: ["a by id"],
  },
  {
    why: "The scheme of the providerID is in capital letters, with a space behind.",
    machines: { a: { uuid: u("scheme") } },
    nodes: [{ name: "scheme", providerId: `VSphere://${u("scheme")} ` }],
    expected: ["a by id"],
  },
  {
    why: "The guest reads the uuid little-endian, as from virtual hardware 13 on.",
    machines: { a: { uuid: u("endian") } },
    nodes: [{ name: "endian", systemUuid: turned(u("endian")) }],
    expected: ["a by id"],
  },
  {
    why: "Little-endian and in capital letters at once.",
    machines: { a: { uuid: u("endian-caps") } },
    nodes: [{ name: "endian-caps", systemUuid: turned(u("endian-caps")).toUpperCase() }],
    expected: ["a by id"],
  },
  {
    why: "One cluster holds both byte orders (kubernetes/kubernetes#58927).",
    machines: { a: { uuid: u("mixed-a") }, b: { uuid: u("mixed-b") } },
    nodes: [
      { name: "mixed-a", systemUuid: u("mixed-a") },
      { name: "mixed-b", systemUuid: turned(u("mixed-b")) },
    ],
    expected: ["a by id", "b by id"],
  },
  {
    why: "A uuid that reads the same in both orders hits one machine, not two.",
    machines: { a: { uuid: "abababab-cdcd-efef-8000-00000000aaaa" } },
    nodes: [{ name: "palindrome", systemUuid: "abababab-cdcd-efef-8000-00000000aaaa" }],
    expected: ["a by id"],
  },
  {
    why: "Each byte order hits another machine, and no name decides.",
    machines: { a: { uuid: u("orders") }, b: { uuid: turned(u("orders")) } },
    nodes: [{ name: "orders", systemUuid: u("orders") }],
    expected: ["Ambiguous"],
  },
  {
    why: "Each byte order hits another machine; the one that the guest names is right, though it is the turned one.",
    machines: {
      a: { uuid: u("orders-name") },
      b: { uuid: turned(u("orders-name")), guest: "orders-name.example.com" },
    },
    nodes: [{ name: "orders-name", systemUuid: u("orders-name") }],
    expected: ["b by id"],
  },
  {
    why: "Each byte order hits another machine, and both have the node's name.",
    machines: {
      a: { uuid: u("orders-both"), name: "orders-both" },
      b: { uuid: turned(u("orders-both")), guest: "orders-both" },
    },
    nodes: [{ name: "orders-both", systemUuid: u("orders-both") }],
    expected: ["Ambiguous"],
  },
  {
    why: "Each byte order hits another machine; that one is off makes the other no likelier, they are no copies.",
    machines: { a: { uuid: u("orders-off"), power: off }, b: { uuid: turned(u("orders-off")) } },
    nodes: [{ name: "orders-off", systemUuid: u("orders-off") }],
    expected: ["Ambiguous"],
  },
  {
    why: "One of two machines that a node may be is another node's by its providerID: it may be the first one's all the same.",
    machines: { a: { uuid: u("either") }, b: { uuid: turned(u("either")) } },
    nodes: [
      { name: "either", systemUuid: u("either") },
      { name: "or", providerId: `vsphere://${u("either")}` },
    ],
    expected: ["Ambiguous", "Ambiguous"],
  },
  {
    why: "The providerID is compared as it is: in the other byte order it is another machine's.",
    machines: { a: { uuid: turned(u("provider-order")) } },
    nodes: [{ name: "provider-order", providerId: `vsphere://${u("provider-order")}` }],
    expected: ["NoVirtualMachine"],
  },
  {
    why: "A board without a uuid says so in words.",
    machines: { a: { guest: "not-settable" } },
    nodes: [{ name: "not-settable", systemUuid: "Not Settable" }],
    expected: ["a by name"],
  },
  {
    why: "An empty uuid is no uuid: a machine that may not be read has one too.",
    machines: { a: { uuid: "", name: "unreadable" } },
    nodes: [{ name: "empty", systemUuid: "", providerId: "vsphere://" }],
    expected: ["NoVirtualMachine"],
  },

  // Copies that share a uuid
  {
    why: "A machine was restored from a backup beside the broken one, which is off.",
    machines: {
      a: { uuid: u("restored"), name: "restored", power: off },
      b: { uuid: u("restored"), name: "restored (recovered)" },
    },
    nodes: [{ name: "restored", systemUuid: u("restored") }],
    expected: ["b by id"],
  },
  {
    why: "A clone was made and never switched on.",
    machines: {
      a: { uuid: u("cloned"), name: "cloned" },
      b: { uuid: u("cloned"), name: "cloned-copy", power: off },
    },
    nodes: [{ name: "cloned", providerId: `vsphere://${u("cloned")}` }],
    expected: ["a by id"],
  },
  {
    why: "A suspended copy does not run.",
    machines: {
      a: { uuid: u("suspended"), power: "suspended" },
      b: { uuid: u("suspended") },
    },
    nodes: [{ name: "suspended", systemUuid: turned(u("suspended")) }],
    expected: ["b by id"],
  },
  {
    why: "Both copies run, and one of them calls itself like the node.",
    machines: {
      a: { uuid: u("run"), name: "run-copy", guest: "run-copy" },
      b: { uuid: u("run"), name: "vm 17", guest: "RUN.example.com" },
    },
    nodes: [{ name: "run", systemUuid: u("run") }],
    expected: ["b by id"],
  },
  {
    why: "Both copies run under the node's name: nothing tells them apart.",
    machines: {
      a: { uuid: u("twins"), name: "twins", guest: "twins" },
      b: { uuid: u("twins"), name: "twins-copy", guest: "twins" },
    },
    nodes: [{ name: "twins", systemUuid: u("twins") }],
    expected: ["Ambiguous"],
  },
  {
    why: "Both copies run, and neither has the node's name.",
    machines: { a: { uuid: u("strangers") }, b: { uuid: u("strangers") } },
    nodes: [{ name: "strangers", csiNodeId: u("strangers") }],
    expected: ["Ambiguous"],
  },
  {
    why: "Both copies are off: the one with the node's name is the node, and is off.",
    machines: {
      a: { uuid: u("both-off"), name: "both-off", power: off },
      b: { uuid: u("both-off"), power: off },
    },
    nodes: [{ name: "both-off", systemUuid: u("both-off") }],
    expected: ["a by id"],
  },
  {
    why: "Of three copies the one with the node's name is off, and two others run.",
    machines: {
      a: { uuid: u("three"), name: "three", power: off },
      b: { uuid: u("three") },
      c: { uuid: u("three") },
    },
    nodes: [{ name: "three", systemUuid: u("three") }],
    expected: ["Ambiguous"],
  },
  {
    why: "A cluster was cloned whole: two nodes and two machines share one uuid, the names tell who is who.",
    machines: {
      a: { uuid: u("pair"), guest: "pair-a.example.com" },
      b: { uuid: u("pair"), guest: "pair-b.example.com" },
    },
    nodes: [
      { name: "pair-b", systemUuid: u("pair") },
      { name: "pair-a", systemUuid: turned(u("pair")) },
    ],
    expected: ["b by id", "a by id"],
  },
  {
    why: "Two nodes tell one uuid, and vCenter shows one machine: it is nobody's.",
    machines: { a: { uuid: u("claimed"), name: "claimed-a" } },
    nodes: [
      { name: "claimed-a", systemUuid: u("claimed") },
      { name: "claimed-b", providerId: `vsphere://${u("claimed")}` },
    ],
    expected: ["Ambiguous", "Ambiguous"],
  },
  {
    why: "Storage replication left a placeholder with the same uuids in the other vCenter.",
    machines: {
      a: { uuid: u("replica"), name: "replica" },
      b: { uuid: u("replica"), name: "replica", vcenter: "west", power: off },
    },
    nodes: [{ name: "replica", systemUuid: u("replica") }],
    expected: ["a by id"],
  },

  // Copies, of which something may not be read
  {
    why: "Whether the original runs may not be read: its running copy is not the node for that.",
    machines: {
      a: { uuid: u("power"), name: "power", refused: ["runtime.powerState"] },
      b: { uuid: u("power"), name: "power (test)" },
    },
    nodes: [{ name: "power", systemUuid: u("power") }],
    expected: ["Ambiguous"],
  },
  {
    why: "Whether either copy runs may not be read.",
    machines: {
      a: { uuid: u("powers"), refused: ["runtime.powerState"] },
      b: { uuid: u("powers"), refused: ["runtime.powerState"] },
    },
    nodes: [{ name: "powers", systemUuid: u("powers") }],
    expected: ["Ambiguous"],
  },
  {
    why: "Whether one copy runs may not be read, and the one with the node's name is off.",
    machines: {
      a: { uuid: u("third"), name: "third", power: off },
      b: { uuid: u("third"), name: "third (2)", refused: ["runtime.powerState"] },
    },
    nodes: [{ name: "third", systemUuid: u("third") }],
    expected: ["b by id"],
  },
  {
    why: "The original's uuid may not be read: its copy is the only one that has it.",
    machines: {
      a: { name: "uuid-hidden", refused: ["config.uuid"] },
      b: { uuid: u("uuid-hidden"), name: "uuid-hidden (test)" },
    },
    nodes: [{ name: "uuid-hidden", providerId: `vsphere://${u("uuid-hidden")}` }],
    expected: ["Ambiguous"],
  },
  {
    why: "The original's uuid may not be read, and its copy calls itself like the node too.",
    machines: {
      a: { guest: "uuid-hidden-2.example.com", refused: ["config.uuid"] },
      b: { uuid: u("uuid-hidden-2"), guest: "uuid-hidden-2" },
    },
    nodes: [{ name: "uuid-hidden-2", systemUuid: turned(u("uuid-hidden-2")) }],
    expected: ["Ambiguous"],
  },
  {
    why: "Of the original neither the uuid nor whether it runs may be read.",
    machines: {
      a: { name: "both-hidden", power: off, refused: ["config.uuid", "runtime.powerState"] },
      b: { uuid: u("both-hidden") },
    },
    nodes: [{ name: "both-hidden", csiNodeId: u("both-hidden") }],
    expected: ["Ambiguous"],
  },
  {
    why: "A machine has the node's name and no uuid that may be read, but it is off: a template.",
    machines: {
      a: { name: "hidden-off", power: off, refused: ["config.uuid"] },
      b: { uuid: u("hidden-off") },
    },
    nodes: [{ name: "hidden-off", systemUuid: u("hidden-off") }],
    expected: ["b by id"],
  },
  {
    why: "A machine without a uuid that may be read is called like a host of another domain.",
    machines: {
      a: { guest: "hidden-other.b.example.com", refused: ["config.uuid"] },
      b: { uuid: u("hidden-other") },
    },
    nodes: [{ name: "hidden-other.a.example.com", systemUuid: u("hidden-other") }],
    expected: ["b by id"],
  },
  {
    why: "The annotation is an SMBIOS uuid: the original's may not be read, its copy has it.",
    machines: {
      a: { name: "over-hidden", refused: ["config.uuid"] },
      b: { uuid: u("over-hidden") },
    },
    nodes: [{ name: "over-hidden", vmOverride: u("over-hidden") }],
    expected: ["Ambiguous"],
  },
  {
    why: "The annotation is an instance uuid, which no copy shares.",
    machines: {
      a: { name: "over-exact", refused: ["config.uuid"] },
      b: { instanceUuid: u("over-exact") },
    },
    nodes: [{ name: "over-exact", vmOverride: u("over-exact") }],
    expected: ["b by override"],
  },
  {
    why: "What the original's guest calls itself may not be read: the copy that has the node's name is not the node for that.",
    machines: {
      a: { uuid: u("guest"), guest: "guest", refused: ["guest.hostName"] },
      b: { uuid: u("guest"), name: "guest" },
    },
    nodes: [{ name: "guest", systemUuid: u("guest") }],
    expected: ["Ambiguous"],
  },
  {
    why: "The original's display name may not be read.",
    machines: {
      a: { uuid: u("label"), name: "label", refused: ["name"] },
      b: { uuid: u("label"), guest: "label.example.com" },
    },
    nodes: [{ name: "label", systemUuid: u("label") }],
    expected: ["Ambiguous"],
  },
  {
    why: "Each byte order hits another machine, and the name of the one may not be read.",
    machines: {
      a: { uuid: u("orders-hidden"), refused: ["guest.hostName"] },
      b: { uuid: turned(u("orders-hidden")), guest: "orders-hidden" },
    },
    nodes: [{ name: "orders-hidden", systemUuid: u("orders-hidden") }],
    expected: ["Ambiguous"],
  },
  {
    why: "Whether the machine with the node's full name runs may not be read: the one with its short name is not the node for that.",
    machines: {
      a: { guest: "named.example.com", refused: ["runtime.powerState"] },
      b: { name: "named" },
    },
    nodes: [{ name: "named.example.com" }],
    expected: ["a by name"],
  },

  // Stale and foreign providerIDs
  {
    why: "The machine that the providerID names was deleted, the node joined again from another.",
    machines: { a: { uuid: u("rejoined") } },
    nodes: [
      {
        name: "rejoined",
        providerId: `vsphere://${u("deleted")}`,
        systemUuid: turned(u("rejoined")),
      },
    ],
    expected: ["a by id"],
  },
  {
    why: "A stale providerID names a machine that is another node's now: that machine is nobody's.",
    machines: { a: { uuid: u("reused-a") }, b: { uuid: u("reused-b") } },
    nodes: [
      { name: "stale", providerId: `vsphere://${u("reused-a")}`, systemUuid: u("reused-b") },
      { name: "rightful", providerId: `vsphere://${u("reused-a")}`, systemUuid: u("reused-a") },
    ],
    expected: ["Ambiguous", "Ambiguous"],
  },
  {
    why: "A stale providerID says nothing against the name.",
    machines: { a: { name: "stale-named" } },
    nodes: [{ name: "stale-named", providerId: `vsphere://${u("gone")}` }],
    expected: ["a by name"],
  },
  {
    why: "Another cloud's providerID may end in a uuid that is one of ours by accident.",
    machines: { a: { uuid: u("aws") } },
    nodes: [{ name: "aws", providerId: `aws:///eu-west-1a/${u("aws")}` }],
    expected: ["NoVirtualMachine"],
  },
  {
    why: "A providerID with more behind the uuid is none that we know.",
    machines: { a: { uuid: u("suffix") } },
    nodes: [{ name: "suffix", providerId: `vsphere://${u("suffix")}/dc0` }],
    expected: ["NoVirtualMachine"],
  },

  // CSINode
  {
    why: "Only the storage driver knows which machine it is.",
    machines: { a: { uuid: u("csi") } },
    nodes: [{ name: "csi", csiNodeId: u("csi").toUpperCase() }],
    expected: ["a by id"],
  },
  {
    why: "An old storage driver wrote the node's name for an id.",
    machines: { a: { name: "csi-old" } },
    nodes: [{ name: "csi-old", csiNodeId: "csi-old" }],
    expected: ["a by name"],
  },
  {
    why: "The CSINode is left from the node's last life: the kubelet knows better.",
    machines: { a: { uuid: u("csi-past") }, b: { uuid: u("csi-now") } },
    nodes: [{ name: "csi-stale", csiNodeId: u("csi-past"), systemUuid: u("csi-now") }],
    expected: ["b by id"],
  },
  {
    why: "The storage driver reads the serial number, which is never little-endian.",
    machines: { a: { uuid: turned(u("csi-order")) } },
    nodes: [{ name: "csi-order", csiNodeId: u("csi-order") }],
    expected: ["NoVirtualMachine"],
  },

  // The annotation
  {
    why: "The providerID is wrong and names another node's machine: the annotation sets both right.",
    machines: { a: { uuid: u("corrected") }, b: { uuid: u("corrected-not") } },
    nodes: [
      {
        name: "corrected",
        vmOverride: u("corrected").toUpperCase(),
        providerId: `vsphere://${u("corrected-not")}`,
      },
      { name: "corrected-not", providerId: `vsphere://${u("corrected-not")}` },
    ],
    expected: ["a by override", "b by id"],
  },
  {
    why: "The machine's name holds a slash, which stands escaped in its path.",
    machines: { a: { name: "gpu%2fbox", folder: "/DC0/vm/ml" } },
    nodes: [{ name: "slash", vmOverride: "/DC0/vm/ml/gpu%2Fbox" }],
    expected: ["a by override"],
  },
  {
    why: "The machine's name holds a percent sign, and people write it as they see it.",
    machines: { a: { name: "100%25 gpu" } },
    nodes: [{ name: "percent", vmOverride: "/DC0/vm/100% gpu" }],
    expected: ["a by override"],
  },
  {
    why: "The machine's name holds a backslash.",
    machines: { a: { name: "back%5cslash" } },
    nodes: [{ name: "backslash", vmOverride: "/DC0/vm/back\\slash" }],
    expected: ["a by override"],
  },
  {
    why: "One machine is called x/y, and another literally x%2fy.",
    machines: { a: { name: "x%252fy" }, b: { name: "x%2fy" } },
    nodes: [
      { name: "with-slash", vmOverride: "/DC0/vm/x%2fy" },
      { name: "with-percent", vmOverride: "/DC0/vm/x%252fy" },
    ],
    expected: ["b by override", "a by override"],
  },
  {
    why: "Two vCenters have the same path: it says too little, although one machine is off.",
    machines: {
      a: { name: "same-path", power: off },
      b: { name: "same-path", vcenter: "west" },
    },
    nodes: [{ name: "path-node", vmOverride: "/DC0/vm/same-path" }],
    expected: ["Ambiguous"],
  },
  {
    why: "The annotation matches nothing: the providerID would, but somebody said that it is wrong.",
    machines: { a: { uuid: u("mistyped"), name: "mistyped" } },
    nodes: [
      {
        name: "mistyped",
        vmOverride: "/DC0/vm/mis-typed",
        providerId: `vsphere://${u("mistyped")}`,
        systemUuid: u("mistyped"),
      },
    ],
    expected: ["NoVirtualMachine"],
  },
  {
    why: "Paths are compared exactly.",
    machines: { a: { name: "Exactly" } },
    nodes: [{ name: "exactly", vmOverride: "/DC0/vm/exactly" }],
    expected: ["NoVirtualMachine"],
  },
  {
    why: "The instance uuid tells running copies apart that share everything else.",
    machines: {
      a: { uuid: u("copies"), instanceUuid: u("copy-1"), guest: "copies" },
      b: { uuid: u("copies"), instanceUuid: u("copy-2").toUpperCase(), guest: "copies" },
    },
    nodes: [{ name: "copies", vmOverride: u("copy-2"), systemUuid: u("copies") }],
    expected: ["b by override"],
  },
  {
    why: "The annotation repeats the uuid that two running copies share.",
    machines: { a: { uuid: u("again") }, b: { uuid: u("again") } },
    nodes: [{ name: "again", vmOverride: u("again") }],
    expected: ["Ambiguous"],
  },
  {
    why: "The annotation is a name, which is no key for it.",
    machines: { a: { name: "plain" } },
    nodes: [{ name: "plain", vmOverride: "plain" }],
    expected: ["NoVirtualMachine"],
  },
  {
    why: "The annotation gives a machine to a node, and another node tells its uuid.",
    machines: { a: { uuid: u("taken") } },
    nodes: [
      { name: "taker", vmOverride: u("taken") },
      { name: "taken", systemUuid: u("taken") },
    ],
    expected: ["a by override", "Ambiguous"],
  },
  {
    why: "An annotation was copied from node to node.",
    machines: { a: { uuid: u("copied") }, b: { uuid: u("copied-b") } },
    nodes: [
      { name: "copied-a", vmOverride: u("copied") },
      { name: "copied-b", vmOverride: u("copied"), systemUuid: u("copied-b") },
    ],
    expected: ["Ambiguous", "Ambiguous"],
  },
  {
    why: "A machine in a vApp is in no folder: no path names it, not even a short one.",
    machines: { a: { name: "in-vapp", folder: "" } },
    nodes: [{ name: "vapp-path", vmOverride: "/in-vapp" }],
    expected: ["NoVirtualMachine"],
  },
  {
    why: "A machine in a vApp is named by its instance uuid.",
    machines: { a: { name: "vapp-2", folder: "", instanceUuid: u("vapp-2") } },
    nodes: [{ name: "vapp-uuid", vmOverride: u("vapp-2") }],
    expected: ["a by override"],
  },

  // Names
  {
    why: "A template has the node's name; it never runs.",
    machines: { a: { name: "template", power: off } },
    nodes: [{ name: "template" }],
    expected: ["NoVirtualMachine"],
  },
  {
    why: "The node has the short name, the guest the full one.",
    machines: { a: { guest: "Short.example.com" } },
    nodes: [{ name: "short" }],
    expected: ["a by name"],
  },
  {
    why: "The node has the full name, the guest the short one.",
    machines: { a: { guest: "full" } },
    nodes: [{ name: "full.example.com" }],
    expected: ["a by name"],
  },
  {
    why: "One machine has the node's name, another has it with a domain.",
    machines: { a: { guest: "exact.example.com" }, b: { name: "exact", guest: "exact" } },
    nodes: [{ name: "exact" }],
    expected: ["b by name"],
  },
  {
    why: "One machine is only displayed under the node's name and calls itself otherwise; another calls itself so, with a domain.",
    machines: { a: { name: "shown", guest: "database-1" }, b: { guest: "shown.example.com" } },
    nodes: [{ name: "shown" }],
    expected: ["Ambiguous"],
  },
  {
    why: "Two domains have a host of the node's short name.",
    machines: { a: { guest: "twice.a.example.com" }, b: { guest: "twice.b.example.com" } },
    nodes: [{ name: "twice" }],
    expected: ["Ambiguous"],
  },
  {
    why: "The same host name in another domain is another host.",
    machines: { a: { guest: "domain.b.example.com" } },
    nodes: [{ name: "domain.a.example.com" }],
    expected: ["NoVirtualMachine"],
  },
  {
    why: "A node named by its address is no host with a domain.",
    machines: { a: { name: "10" }, b: { guest: "11.0.0.7" } },
    nodes: [{ name: "10.0.0.7" }, { name: "11" }],
    expected: ["NoVirtualMachine", "NoVirtualMachine"],
  },
  {
    why: "Somebody named a machine `retired.old`, and it calls itself otherwise.",
    machines: { a: { name: "retired.old", guest: "spare-3" } },
    nodes: [{ name: "retired" }],
    expected: ["NoVirtualMachine"],
  },
  {
    why: "Every guest without a name calls itself localhost.",
    machines: { a: { guest: "localhost.localdomain" }, b: { guest: "localhost" } },
    nodes: [{ name: "localhost.localdomain" }, { name: "localhost" }],
    expected: ["NoVirtualMachine", "NoVirtualMachine"],
  },
  {
    why: "Two vCenters each run a machine of that name.",
    machines: { a: { name: "everywhere" }, b: { name: "Everywhere", vcenter: "west" } },
    nodes: [{ name: "everywhere" }],
    expected: ["Ambiguous"],
  },
  {
    why: "Two machines exchanged their display names: uuids do not care.",
    machines: {
      a: { uuid: u("swap-a"), name: "swap-b" },
      b: { uuid: u("swap-b"), name: "swap-a" },
    },
    nodes: [
      { name: "swap-a", systemUuid: u("swap-a") },
      { name: "swap-b", systemUuid: u("swap-b") },
    ],
    expected: ["a by id", "b by id"],
  },
  {
    why: "Two machines exchanged their display names, and the nodes have nothing but names.",
    machines: {
      a: { name: "cross-b", guest: "cross-a" },
      b: { name: "cross-a", guest: "cross-b" },
    },
    nodes: [{ name: "cross-a" }, { name: "cross-b" }],
    expected: ["Ambiguous", "Ambiguous"],
  },
  {
    why: "A machine of another cluster has the node's name, and another uuid than the node tells.",
    machines: { a: { name: "namesake" } },
    nodes: [{ name: "namesake", systemUuid: u("on another vCenter") }],
    expected: ["NoVirtualMachine"],
  },
  {
    why: "The uuid of the machine may not be read: its name is all there is.",
    machines: { a: { name: "hidden", uuid: "" } },
    nodes: [{ name: "hidden", systemUuid: u("hidden") }],
    expected: ["a by name"],
  },
  {
    why: "A machine is one node's by its uuid, and has another node's name.",
    machines: { a: { uuid: u("owner"), name: "guest-of-owner" } },
    nodes: [{ name: "owner", systemUuid: u("owner") }, { name: "guest-of-owner" }],
    expected: ["a by id", "Ambiguous"],
  },
  {
    why: "The short and the full name of one host are two nodes.",
    machines: { a: { guest: "doubled.example.com" } },
    nodes: [{ name: "doubled" }, { name: "doubled.example.com" }],
    expected: ["Ambiguous", "Ambiguous"],
  },

  // Several vCenters
  {
    why: "Two vCenters gave two machines the same object id.",
    machines: { a: { uuid: u("east-1") }, b: { uuid: u("west-1"), vcenter: "west" } },
    nodes: [
      { name: "east-1", systemUuid: u("east-1") },
      { name: "west-1", systemUuid: u("west-1") },
    ],
    expected: ["a by id", "b by id"],
  },
  {
    why: "A node that is no machine of ours, such as a bare-metal one.",
    machines: {},
    nodes: [{ name: "bare-metal", systemUuid: "03000200-0400-0500-0006-000700080009" }],
    expected: ["NoVirtualMachine"],
  },
];
