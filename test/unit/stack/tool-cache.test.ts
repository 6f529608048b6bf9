import { chmodSync, mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { buildArguments } from "../../../hack/stack/tools/build.ts";
import { cacheKey, cacheRoot } from "../../../hack/stack/tools/cache.ts";
import { copyFiles } from "../../../hack/stack/tools/data.ts";
import { familyOf, type ToolFamily, toolFamilies } from "../../../hack/stack/tools/families.ts";
import { findOwn } from "../../../hack/stack/tools.ts";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "gpuinfo-tools-"));
  for (const name of ["go.mod", "go.sum", "main.go", "schema.json"]) {
    writeFileSync(path.join(folder, name), name);
  }
});

function aFamily(overrides: Partial<ToolFamily> = {}): ToolFamily {
  const binaries = { x: "example.com/x" };
  return {
    name: "x",
    folder: "x",
    binaries,
    ownSources: false,
    firstBuild: "a moment",
    ...overrides,
  };
}

function keyOf(family = aFamily(), goVersion = "go1.26.8", platform = "linux-amd64"): string {
  return cacheKey(family, { folder, goVersion, platform });
}

function write(file: string): void {
  mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
  writeFileSync(path.join(folder, file), "changed");
}

describe("the key of built tools", () => {
  it("is the same for the same inputs", () => {
    expect(keyOf()).toBe(keyOf());
  });

  it("starts with the family's name and is a file name", () => {
    expect(keyOf()).toMatch(/^x-[0-9a-f]{16}$/);
  });

  it("depends on Go's version, the platform, the binaries, what the linker sets and the data", () => {
    const keys = [
      keyOf(),
      keyOf(aFamily(), "go1.27.0"),
      keyOf(aFamily(), "go1.26.8", "darwin-arm64"),
      keyOf(aFamily({ binaries: { x: "example.com/x", y: "example.com/y" } })),
      keyOf(aFamily({ linkerValues: { a: "b" } })),
      keyOf(aFamily({ data: { crds: { module: "example.com/x", folder: "crds" } } })),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });

  it.each(["go.mod", "go.sum"])("depends on %s", (file) => {
    const before = keyOf();
    write(file);
    expect(keyOf()).not.toBe(before);
  });

  it.each(["main.go", "internal/deep/new.go", "schema.json"])(
    "depends on %s only where the sources are our own",
    (file) => {
      const [others, own] = [keyOf(), keyOf(aFamily({ ownSources: true }))];
      write(file);
      expect(keyOf()).toBe(others);
      expect(keyOf(aFamily({ ownSources: true }))).not.toBe(own);
    },
  );

  it.each(["main_test.go", "README.md", "fleets/a.json", "internal/testdata/a.json"])(
    "does not depend on %s",
    (file) => {
      const before = keyOf(aFamily({ ownSources: true }));
      write(file);
      expect(keyOf(aFamily({ ownSources: true }))).toBe(before);
    },
  );
});

describe("the cache's place", () => {
  it("follows XDG_CACHE_HOME", () => {
    expect(cacheRoot({ XDG_CACHE_HOME: "/c" })).toBe("/c/gpuinfo/tools");
  });

  it.each([{}, { XDG_CACHE_HOME: "" }])("is below the home folder with %j", (env) => {
    expect(cacheRoot(env)).toMatch(/^\/.*\/\.cache\/gpuinfo\/tools$/);
  });
});

describe("the user's own binaries", () => {
  it("are used where KUBEBUILDER_ASSETS has them", () => {
    const file = path.join(folder, "etcd");
    writeFileSync(file, "");
    chmodSync(file, 0o755);
    expect(findOwn("etcd", { KUBEBUILDER_ASSETS: folder })).toBe(file);
  });

  it("are not used when they cannot be run", () => {
    writeFileSync(path.join(folder, "etcd"), "", { mode: 0o644 });
    expect(findOwn("etcd", { KUBEBUILDER_ASSETS: folder })).toBeUndefined();
  });

  it.each([{}, { KUBEBUILDER_ASSETS: "" }, { KUBEBUILDER_ASSETS: "/nowhere" }])(
    "are none with %j",
    (env) => {
      expect(findOwn("etcd", env)).toBeUndefined();
    },
  );
});

describe("the families of tools", () => {
  it("have every tool once", () => {
    const names = toolFamilies.flatMap(({ binaries, data }) =>
      Object.keys({ ...binaries, ...data }),
    );
    expect(new Set(names).size).toBe(names.length);
    const places = names.map(
      (name) => familyOf(name).binaries[name] ?? familyOf(name).data?.[name],
    );
    expect(places).not.toContain(undefined);
  });

  it("name what there is when asked for something else", () => {
    expect(() => familyOf("helm")).toThrow(/no tool is called "helm"; there are .*kube-apiserver/);
  });
});

describe("the data of a family", () => {
  it("is copied as files that can be removed again, although Go's module cache is read-only", () => {
    const from = path.join(folder, "from");
    mkdirSync(path.join(from, "deep"), { recursive: true });
    writeFileSync(path.join(from, "deep", "a.yaml"), "a", { mode: 0o444 });
    chmodSync(path.join(from, "deep"), 0o555);
    const to = path.join(folder, "to");
    copyFiles(from, to);
    expect(readFileSync(path.join(to, "deep", "a.yaml"), "utf8")).toBe("a");
    expect(statSync(path.join(to, "deep")).mode & 0o200).not.toBe(0);
  });
});

describe("the build of a family", () => {
  it("gives a single binary its name", () => {
    expect(buildArguments(aFamily(), "/out")).toContain("-o=/out/x");
  });

  it("puts several binaries into the folder, named after their packages", () => {
    const binaries = { x: "example.com/x", y: "example.com/y" };
    const args = buildArguments(aFamily({ binaries }), "/out");
    expect(args).toContain("-o=/out/");
    expect(args.slice(-2)).toEqual(["example.com/x", "example.com/y"]);
  });

  it("never relies on a package's name where it differs from its binary's", () => {
    const several = toolFamilies.filter(({ binaries }) => Object.keys(binaries).length > 1);
    for (const [name, mainPackage] of several.flatMap(({ binaries }) => Object.entries(binaries))) {
      expect(path.basename(mainPackage)).toBe(name);
    }
  });

  it("tells kube-apiserver its version", () => {
    const flag = buildArguments(familyOf("kube-apiserver"), "/out").find((arg) =>
      arg.startsWith("-ldflags="),
    );
    expect(flag).toMatch(
      /-X k8s\.io\/component-base\/version\.gitVersion=v1\.\d+\.\d+ .*gitMajor=1 .*gitMinor=\d+ /,
    );
  });
});
