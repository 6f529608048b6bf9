// Package testbed starts a whole simulator for a test and logs in to it over TLS.
package testbed

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/session"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/soap"

	"gpuinfo.example.com/hack/vcsim/internal/fleet"
	"gpuinfo.example.com/hack/vcsim/internal/front"
	"gpuinfo.example.com/hack/vcsim/internal/vcenter"
)

// Username and Password are what the simulator accepts.
const (
	Username = "reader@vsphere.local"
	Password = "not-a-secret"
)

// Bed is a running simulator.
type Bed struct {
	*vcenter.VCenter
	CAFile string

	t testing.TB
}

// Start serves the fleet until the test ends.
func Start(t testing.TB, fleetJSON string) *Bed {
	t.Helper()
	f, err := fleet.Parse([]byte(fleetJSON), time.Now())
	if err != nil {
		t.Fatalf("fleet: %v", err)
	}
	caFile, keyFile := NewCA(t)
	certificate, err := front.IssueCertificate(caFile, keyFile, "vcenter.example.com")
	if err != nil {
		t.Fatal(err)
	}
	config := vcenter.Config{Fleet: f, Certificate: certificate, User: url.UserPassword(Username, Password)}
	if config.Listener, err = front.ListenLoopback("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	if config.Control, err = front.ListenLoopback("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	v, err := vcenter.Start(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Stop)
	return &Bed{v, caFile, t}
}

// NewCA makes a CA in two PEM files.
func NewCA(t testing.TB) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test CA"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	return writePEM(t, filepath.Join(dir, "ca.crt"), "CERTIFICATE", der), writePEM(t, filepath.Join(dir, "ca.key"), "PRIVATE KEY", keyDER)
}

func writePEM(t testing.TB, path, kind string, der []byte) string {
	t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Client is a client that verifies the certificate and has not logged in.
func (b *Bed) Client() (*govmomi.Client, error) {
	address, err := soap.ParseURL(b.URL)
	if err != nil {
		return nil, err
	}
	transport := soap.NewClient(address, false)
	if err := transport.SetRootCAs(b.CAFile); err != nil {
		return nil, err
	}
	vim, err := vim25.NewClient(context.Background(), transport)
	if err != nil {
		return nil, err
	}
	return &govmomi.Client{Client: vim, SessionManager: session.NewManager(vim)}, nil
}

// Login is a client with a session of its own.
func (b *Bed) Login() *govmomi.Client {
	b.t.Helper()
	client, err := b.Client()
	if err == nil {
		err = client.Login(context.Background(), url.UserPassword(Username, Password))
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return client
}

// Control sends a control request and returns the status and the body.
func (b *Bed) Control(method, path, body string) (int, string) {
	b.t.Helper()
	request, err := http.NewRequest(method, b.ControlURL+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return response.StatusCode, strings.TrimSpace(string(text))
}

// Do sends a control request that must succeed, and returns the body.
func (b *Bed) Do(method, path, body string) string {
	b.t.Helper()
	status, text := b.Control(method, path, body)
	if status != http.StatusOK {
		b.t.Fatalf("%s %s %s: %d %s", method, path, body, status, text)
	}
	return text
}
