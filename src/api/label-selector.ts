/** Chooses objects by their labels, as Kubernetes' LabelSelector does. */

import { z } from "zod";
import { matches } from "./cel.ts";
import { labelKeys } from "./names.ts";
import type { Texts } from "./node-marks.ts";

const labelValue = /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/;
const labelKey =
  /^(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

const valueMessage =
  "a label's value is letters, digits, '-', '_' and '.', a letter or digit at both ends, or empty";
const LabelValue = z
  .string()
  .max(63)
  .refine((text) => labelValue.test(text), valueMessage)
  .meta({ "x-kubernetes-validations": [{ rule: matches(labelValue), message: valueMessage }] });

const LabelRequirement = z
  .object({
    key: z.string().max(317).regex(labelKey).describe("The label's key."),
    operator: z
      .enum(["In", "NotIn", "Exists", "DoesNotExist"])
      .describe(
        "How the label relates to the values; NotIn also selects a node that does not carry the label.",
      ),
    values: z
      .array(LabelValue)
      .max(100)
      .meta({ "x-kubernetes-list-type": "atomic" })
      .optional()
      .describe("One at least for In and NotIn; none for Exists and DoesNotExist."),
  })
  .meta({
    "x-kubernetes-validations": [
      {
        rule: "self.operator in ['In', 'NotIn'] ? has(self.values) && self.values.size() > 0 : !has(self.values) || self.values.size() == 0",
        message: "In and NotIn need values, Exists and DoesNotExist take none",
      },
    ],
  })
  .describe("What one label must be like.");
type LabelRequirement = z.infer<typeof LabelRequirement>;

/** It would select nodes until it selects them. */
const circular = `the label ${labelKeys.availableUntil} follows from maintenance, so maintenance cannot go by it`;

export const LabelSelector = z
  .object({
    matchLabels: z
      .record(z.string(), LabelValue)
      .meta({
        maxProperties: 100,
        "x-kubernetes-validations": [
          {
            rule: `self.all(key, key.size() <= 317 && ${matches(labelKey, "key")})`,
            message:
              "a key is letters, digits, '-', '_' and '.', after a DNS name and '/' where it has a prefix",
          },
        ],
      })
      .optional()
      .describe("Labels that a node must have with exactly these values."),
    matchExpressions: z
      .array(LabelRequirement)
      .max(100)
      .meta({ "x-kubernetes-list-type": "atomic" })
      .optional()
      .describe("What other labels must be like, all of them."),
  })
  .refine((selector) => !mentions(selector, labelKeys.availableUntil), circular)
  .meta({
    "x-kubernetes-map-type": "atomic",
    "x-kubernetes-validations": [
      {
        rule: `(!has(self.matchLabels) || !('${labelKeys.availableUntil}' in self.matchLabels)) && (!has(self.matchExpressions) || !self.matchExpressions.exists(each, each.key == '${labelKeys.availableUntil}'))`,
        message: circular,
      },
    ],
  });
export type LabelSelector = z.infer<typeof LabelSelector>;

interface Selection {
  readonly matchLabels?: Readonly<Record<string, string>> | undefined;
  readonly matchExpressions?: readonly { readonly key: string }[] | undefined;
}

function mentions({ matchLabels = {}, matchExpressions = [] }: Selection, label: string): boolean {
  return Object.hasOwn(matchLabels, label) || matchExpressions.some(({ key }) => key === label);
}

/** An empty selector selects everything. */
export function selects({ matchLabels, matchExpressions }: LabelSelector, labels: Texts): boolean {
  return (
    Object.entries(matchLabels ?? {}).every(([key, value]) => labelOf(labels, key) === value) &&
    (matchExpressions ?? []).every((expression) => isMet(expression, labels))
  );
}

function isMet({ key, operator, values = [] }: LabelRequirement, labels: Texts): boolean {
  const value = labelOf(labels, key);
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
  }
}

/** Own keys only: a label may be called `constructor`. */
function labelOf(labels: Texts, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}
