/** The command lines of etcd, kube-apiserver and kube-controller-manager for a stack on loopback. */
import path from "node:path";
import type { ClusterCredentials } from "./credentials.ts";

/** Those that gpuinfo and its users' objects need; no node lifecycle: nothing here sends heartbeats. */
const controllers = [
  "job-controller",
  "cronjob-controller",
  "deployment-controller",
  "replicaset-controller",
  "statefulset-controller",
  "serviceaccount-controller",
  "serviceaccount-token-controller",
  "root-ca-certificate-publisher-controller",
  "garbage-collector-controller",
  "namespace-controller",
  "pod-garbage-collector-controller",
  "disruption-controller",
  "resourcequota-controller",
  "endpointslice-controller",
  "clusterrole-aggregation-controller",
];

export function etcdFlags(dir: string, clientPort: number, peerPort: number): readonly string[] {
  const client = `http://127.0.0.1:${clientPort}`;
  const peer = `http://127.0.0.1:${peerPort}`;
  return [
    `--data-dir=${path.join(dir, "etcd")}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    // The data lives as long as the stack: nobody needs it after a power cut.
    "--unsafe-no-fsync",
    "--quota-backend-bytes=4294967296",
    "--log-level=warn",
  ];
}

export function apiServerFlags(
  credentials: ClusterCredentials,
  etcdUrl: string,
  port: number,
): readonly string[] {
  return [
    `--etcd-servers=${etcdUrl}`,
    "--bind-address=127.0.0.1",
    "--advertise-address=127.0.0.1",
    `--secure-port=${port}`,
    `--cert-dir=${credentials.dir}`,
    `--tls-cert-file=${credentials.server.certFile}`,
    `--tls-private-key-file=${credentials.server.keyFile}`,
    `--client-ca-file=${credentials.caFile}`,
    "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
    `--service-account-key-file=${credentials.tokenPublicKeyFile}`,
    `--service-account-signing-key-file=${credentials.tokenKeyFile}`,
    "--authorization-mode=RBAC",
    "--service-cluster-ip-range=10.0.0.0/24",
    "--allow-privileged=true",
    // There is no address to publish on loopback; trying would log an error every 10 s.
    "--endpoint-reconciler-type=none",
    // Stopping is then immediate: no load balancer has to notice first.
    "--shutdown-delay-duration=0s",
    "--profiling=false",
  ];
}

export function controllerManagerFlags(
  credentials: ClusterCredentials,
  kubeconfig: string,
): readonly string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--service-account-private-key-file=${credentials.tokenKeyFile}`,
    `--root-ca-file=${credentials.caFile}`,
    // Without it several controllers act as one user who may do next to nothing.
    "--use-service-account-credentials=true",
    "--leader-elect=false",
    // By default it makes 20 objects a second for all Jobs together, too few to show a crowd of pods.
    "--kube-api-qps=200",
    "--kube-api-burst=400",
    "--secure-port=0",
    `--controllers=${controllers.join(",")}`,
  ];
}
