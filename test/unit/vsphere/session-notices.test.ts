import { describe, expect, it } from "vitest";
import { SessionNotices } from "../../../src/vsphere/session-notices.ts";

function notices(attribute = "gpuinfo.maintenance") {
  const said: string[] = [];
  const log = {
    info: (fields: object, text: string) => said.push(`info ${JSON.stringify(fields)} ${text}`),
    warn: (fields: object, text: string) => said.push(`warn ${JSON.stringify(fields)} ${text}`),
  };
  return { said, notices: new SessionNotices(log, attribute) };
}

describe("unknown task types", () => {
  it("are told once each, with the setting for them", () => {
    const { said, notices: told } = notices();
    told.unknownTasks(["com.example.B", "com.example.A", "com.example.A"]);
    told.unknownTasks(["com.example.A"]);
    told.unknownTasks([]);
    expect(said).toEqual([
      expect.stringMatching(/^info .*"com.example.A","com.example.B".*MAINTENANCE_TASK_TYPES$/),
    ]);
  });

  it("are told up to a hundred of them", () => {
    const { said, notices: told } = notices();
    for (let i = 0; i < 200; i++) told.unknownTasks([`com.example.T${i}`]);
    expect(said).toHaveLength(100);
  });
});

describe("the maintenance attribute", () => {
  it.each([
    ["gpuinfo.maintenance", "info"],
    ["gpuinfo.maintenanse", "warn"],
  ])("%s that is not there is told once, at %s", (attribute, level) => {
    const { said, notices: told } = notices(attribute);
    for (const isDefined of [undefined, false, undefined, false]) told.attribute(isDefined);
    expect(said).toHaveLength(1);
    expect(said[0]?.split(" ")[0]).toBe(level);
    expect(said[0]).toContain(`custom attribute ${attribute} is not defined in vCenter`);
  });

  it("that vanishes, and comes back, is told", () => {
    const { said, notices: told } = notices();
    for (const isDefined of [true, true, false, true]) told.attribute(isDefined);
    expect(said).toEqual([
      expect.stringMatching(/^warn .*no longer defined/),
      expect.stringMatching(/^info .*is defined in vCenter now/),
    ]);
  });
});
