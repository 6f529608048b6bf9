#!/bin/sh
# Copies the client certificate for gpuinfo's extender from its Secret to where a control-plane host's
# kube-scheduler reads it. Run it daily: cert-manager renews the certificate 30 days before it ends.
# usage: copy-client-certificate.sh [DIRECTORY]; KUBECTL and KUBECONFIG as usual
set -eu
umask 077
directory=${1:-/etc/kubernetes/gpuinfo}
mkdir -p "$directory"
cd "$directory"
# One answer holds all three, so that they belong together.
${KUBECTL:-kubectl} --namespace gpuinfo-system get secret gpuinfo-scheduler-client \
  --output 'go-template={{index .data "tls.crt"}} {{index .data "tls.key"}} {{index .data "ca.crt"}}' >new
read -r certificate key authority <new || [ -n "$authority" ]
rm new
echo "$certificate" | base64 -d >tls.crt.new
echo "$key" | base64 -d >tls.key.new
echo "$authority" | base64 -d >ca.crt.new
for file in tls.key tls.crt ca.crt; do
  mv "$file.new" "$file"
done
