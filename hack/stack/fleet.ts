/** Reads of a fleet file what concerns Kubernetes: which virtual machines are nodes, and what kind of nodes. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** Node settings of a fleet file; hack/vcsim/fleet.schema.json describes them. */
export interface KubernetesNode {
  readonly name?: string;
  readonly providerId?: string | null;
  readonly systemUuid?: string | null;
  readonly ready?: boolean;
  readonly unschedulable?: boolean;
  readonly taints?: readonly Taint[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Its id in its CSINode for `csi.vsphere.vmware.com`; null or absent: it has no CSINode. */
  readonly csiNodeId?: string | null;
  readonly allocatable?: Readonly<Record<string, string | number>>;
}

export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

/** A virtual machine as far as its node depends on it. */
export interface FleetMachine {
  readonly name: string;
  readonly uuid?: string;
  readonly numCpu?: number;
  readonly memoryMib?: number;
  readonly guestHostName?: string;
  readonly kubernetesNode?: KubernetesNode | false;
}

interface FleetFile {
  readonly datacenters?: readonly {
    readonly clusters?: readonly {
      readonly hosts?: readonly { readonly virtualMachines?: readonly FleetMachine[] }[];
    }[];
  }[];
}

/** All virtual machines of the file. The simulator checks the file; here only what is read must be there. */
export function readFleet(file: string): readonly FleetMachine[] {
  const fleet = parseFleet(file);
  return (fleet.datacenters ?? [])
    .flatMap(({ clusters }) => clusters ?? [])
    .flatMap(({ hosts }) => hosts ?? [])
    .flatMap(({ virtualMachines }) => virtualMachines ?? []);
}

/** The SMBIOS uuid that the simulator gives the machine: its own, else version 5 of its name as DNS name. */
export function machineUuid({ name, uuid }: FleetMachine): string {
  return uuid ?? uuidOfName(name);
}

function uuidOfName(name: string): string {
  const dnsNamespace = Buffer.from("6ba7b8109dad11d180b400c04fd430c8", "hex");
  const bytes = createHash("sha1").update(dnsNamespace).update(name).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function parseFleet(file: string): FleetFile {
  try {
    const fleet: FleetFile = JSON.parse(readFileSync(file, "utf8"));
    return fleet;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`the fleet file ${file} cannot be read: ${why}`, { cause: error });
  }
}
