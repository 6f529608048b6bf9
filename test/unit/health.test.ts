import { Registry } from "prom-client";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { healthApp, metricsApp } from "../../src/health.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";

describe("healthApp", () => {
  it("is live whatever else is wrong", async () => {
    const app = healthApp([{ name: "vcenter", problem: () => "gone" }]);
    await request(app).get("/livez").expect(200, "ok\n");
  });

  it("is ready when every check is", async () => {
    const app = healthApp([{ name: "nodes", problem: () => undefined }]);
    await request(app).get("/readyz").expect(200, "[+]nodes ok\nready\n");
  });

  it("is not ready when one check is not, and says which and why", async () => {
    const app = healthApp([
      { name: "nodes", problem: () => undefined },
      { name: "vcenter", problem: () => "wrong password: check Secret vc-creds" },
    ]);
    await request(app)
      .get("/readyz")
      .expect(503, "[+]nodes ok\n[-]vcenter wrong password: check Secret vc-creds\nnot ready\n");
  });

  it("is ready in spite of what is tolerated, and shows it", async () => {
    let tolerated = false;
    const app = healthApp([
      { name: "vcenter", problem: () => "not read yet", isTolerated: () => tolerated },
    ]);
    await request(app).get("/readyz").expect(503, "[-]vcenter not read yet\nnot ready\n");
    tolerated = true;
    await request(app).get("/readyz").expect(200, "[!]vcenter not read yet\nready\n");
  });

  it("gives nothing away about itself", async () => {
    const response = await request(healthApp([])).get("/other").expect(404);
    expect(response.headers["x-powered-by"]).toBeUndefined();
  });
});

describe("metricsApp", () => {
  it("shows what was counted", async () => {
    const { registry, vsphere } = createMetrics();
    vsphere.observe("east").call("Login", "ok", 0.1);
    const response = await request(metricsApp(registry)).get("/metrics").expect(200);
    expect(response.text).toContain(
      'gpuinfo_vcenter_calls_total{vcenter="east",method="Login",outcome="ok"} 1',
    );
  });

  it("starts empty for an empty registry", async () => {
    await request(metricsApp(new Registry())).get("/metrics").expect(200, "\n");
  });
});
