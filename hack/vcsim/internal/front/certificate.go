// Issues the simulator's serving certificate from the CA that it is given.

package front

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"slices"
	"time"
)

const certificateLife = 365 * 24 * time.Hour

// IssueCertificate makes a new key and a certificate for localhost, the loopback addresses and hostname,
// signed by the CA in the two PEM files.
func IssueCertificate(caCertFile, caKeyFile, hostname string) (tls.Certificate, error) {
	ca, err := tls.LoadX509KeyPair(caCertFile, caKeyFile)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("CA in %s and %s: %w", caCertFile, caKeyFile, err)
	}
	if !ca.Leaf.IsCA {
		return tls.Certificate{}, fmt.Errorf("CA in %s: found a certificate that may not sign others, want a CA", caCertFile)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf, err := leafFor(hostname, ca.Leaf.NotAfter)
	if err != nil {
		return tls.Certificate{}, err
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca.Leaf, &key.PublicKey, ca.PrivateKey)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("CA in %s: %w", caCertFile, err)
	}
	return tls.Certificate{Certificate: append([][]byte{der}, ca.Certificate...), PrivateKey: key}, nil
}

func leafFor(hostname string, notAfter time.Time) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	if end := now.Add(certificateLife); end.Before(notAfter) {
		notAfter = end
	}
	leaf := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: hostname, Organization: []string{"gpuinfo vCenter simulator"}},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     notAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     []string{"localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	if ip := net.ParseIP(hostname); ip != nil {
		leaf.IPAddresses = append(leaf.IPAddresses, ip)
	} else if !slices.Contains(leaf.DNSNames, hostname) {
		leaf.DNSNames = append(leaf.DNSNames, hostname)
	}
	return leaf, nil
}
