import { describe, expect, it } from "vitest";
import { swapByteOrder, uuidIn, uuidOfProviderId } from "../../../src/selection/uuids.ts";

const uuid = "422e4956-ad22-1139-6d72-59cc8f26bc90";

describe("a uuid", () => {
  it.each([
    ["as it is", uuid, uuid],
    ["in capital letters", uuid.toUpperCase(), uuid],
    ["with spaces around", ` ${uuid}\n`, uuid],
    ["in braces", `{${uuid}}`, undefined],
    ["without dashes", uuid.replaceAll("-", ""), undefined],
    ["with one digit less", uuid.slice(1), undefined],
    ["with one digit more", `${uuid}0`, undefined],
    ["with a letter that is no digit", uuid.replace("4", "g"), undefined],
    ["that is empty", "", undefined],
  ])("%s is read", (_, text, expected) => {
    expect(uuidIn(text)).toBe(expected);
  });

  it.each([
    [`vsphere://${uuid}`, uuid],
    [`VSPHERE://${uuid.toUpperCase()} `, uuid],
    [`vsphere:///${uuid}`, undefined],
    [`vsphere://${uuid}/x`, undefined],
    [`vsphere://`, undefined],
    [`aws:///eu-west-1a/${uuid}`, undefined],
    [uuid, undefined],
    ["", undefined],
  ])("is in the providerID %j", (providerId, expected) => {
    expect(uuidOfProviderId(providerId)).toBe(expected);
  });

  it("turns the bytes of its first three groups round, and back", () => {
    const turned = "56492e42-22ad-3911-6d72-59cc8f26bc90";
    expect(swapByteOrder(uuid)).toBe(turned);
    expect(swapByteOrder(turned)).toBe(uuid);
  });
});
