package vcenter_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"gpuinfo.example.com/hack/vcsim/internal/testbed"
)

func TestOnlyTheRightUserAndPasswordLogIn(t *testing.T) {
	bed := testbed.Start(t, story)
	for _, test := range []struct{ user, password, want string }{
		{testbed.Username, "", "InvalidLogin"},
		{"", "", "InvalidLogin"},
		{testbed.Username, "wrong", "InvalidLogin"},
		{"other@vsphere.local", testbed.Password, "InvalidLogin"},
		{testbed.Username, testbed.Password, "no error"},
	} {
		client, err := bed.Client()
		if err != nil {
			t.Fatal(err)
		}
		err = client.Login(context.Background(), url.UserPassword(test.user, test.password))
		wants(t, test.user+":"+test.password, faultOf(err), test.want)
	}
}

func TestALoginWithinASessionIsInvalid(t *testing.T) {
	bed := testbed.Start(t, story)
	client := bed.Login()
	wants(t, "second login", faultOf(client.Login(context.Background(), url.UserPassword(testbed.Username, testbed.Password))), "InvalidLogin")
}

func TestTheCertificateIsOfTheGivenCAForItsNames(t *testing.T) {
	bed := testbed.Start(t, story)
	pool := x509.NewCertPool()
	pem, err := os.ReadFile(bed.CAFile)
	if err != nil || !pool.AppendCertsFromPEM(pem) {
		t.Fatalf("CA: %v", err)
	}
	address := strings.TrimSuffix(strings.TrimPrefix(bed.URL, "https://"), "/sdk")
	for _, test := range []struct {
		name  string
		roots *x509.CertPool
		want  string
	}{
		{"127.0.0.1", pool, ""}, {"::1", pool, ""}, {"localhost", pool, ""}, {"vcenter.example.com", pool, ""},
		{"other.example.com", pool, "certificate is valid for"},
		{"localhost", x509.NewCertPool(), "certificate signed by unknown authority"},
	} {
		conn, err := tls.Dial("tcp", address, &tls.Config{RootCAs: test.roots, ServerName: test.name})
		if err == nil {
			_ = conn.Close()
		}
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: found %v, want %q", test.name, err, test.want)
		}
	}
}

func TestPlainHTTPIsNotServed(t *testing.T) {
	bed := testbed.Start(t, story)
	response, err := http.Post(strings.Replace(bed.URL, "https://", "http://", 1), "text/xml", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	wants(t, "status", response.StatusCode, http.StatusBadRequest)
}
