/** Says what the ways of placing pods are, and which manifests ship each of them. */

/** Who decides where annotated pods go; see docs/scheduler-setup.md. */
export type Placement = "scheduler" | "extender" | "affinity";

export const placements: readonly Placement[] = ["scheduler", "extender", "affinity"];

/** Folder that users apply, from the top of the checkout; without placement the one that gives advice alone. */
export function overlayOf(placement: Placement | undefined): string {
  switch (placement) {
    case undefined:
      return "deploy/modes/advice";
    case "scheduler":
      return "deploy/default";
    case "extender":
    case "affinity":
      return `deploy/modes/${placement}`;
  }
}
