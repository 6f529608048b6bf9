// Command vcsim serves a simulated vCenter that a fleet file describes.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"gpuinfo.example.com/hack/vcsim/internal/fleet"
	"gpuinfo.example.com/hack/vcsim/internal/front"
	"gpuinfo.example.com/hack/vcsim/internal/vcenter"
)

type options struct {
	fleet, caCert, caKey, username, passwordFile, listen, control, hostname string
}

// ready is the one line on stdout that tells a launcher where everything is.
type ready struct {
	URL          string `json:"url"`
	ControlURL   string `json:"controlUrl"`
	InstanceUUID string `json:"instanceUuid"`
}

const exitUsage = 2

func main() {
	options, err := parse(os.Args[1:])
	if err == nil {
		err = run(options)
	}
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "vcsim: %v\n", err)
		os.Exit(exitUsage)
	}
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("vcsim", flag.ContinueOnError)
	flags.StringVar(&o.fleet, "fleet", "", "`file` that describes the hosts and virtual machines (required)")
	flags.StringVar(&o.caCert, "ca-cert", "", "PEM `file` of the CA that signs the serving certificate (required)")
	flags.StringVar(&o.caKey, "ca-key", "", "PEM `file` of that CA's key (required)")
	flags.StringVar(&o.username, "username", "", "`name` that may log in (required)")
	flags.StringVar(&o.passwordFile, "password-file", "", "`file` with that user's password (required)")
	flags.StringVar(&o.listen, "listen", "127.0.0.1:0", "loopback `address` of the SOAP endpoint")
	flags.StringVar(&o.control, "control", "127.0.0.1:0", "loopback `address` of the control endpoint")
	flags.StringVar(&o.hostname, "hostname", "localhost", "further `name` in the serving certificate")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("found argument %q, want flags only", flags.Arg(0))
	}
	for _, required := range []struct{ name, value string }{
		{"fleet", o.fleet}, {"ca-cert", o.caCert}, {"ca-key", o.caKey}, {"username", o.username}, {"password-file", o.passwordFile},
	} {
		if required.value == "" {
			return o, fmt.Errorf("found no -%s, want it set", required.name)
		}
	}
	return o, nil
}

// run serves until a signal comes.
func run(o options) error {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)

	password, err := os.ReadFile(o.passwordFile)
	if err != nil {
		return err
	}
	f, err := fleet.Load(o.fleet, time.Now())
	if err != nil {
		return fmt.Errorf("fleet %s:\n%w", o.fleet, err)
	}
	certificate, err := front.IssueCertificate(o.caCert, o.caKey, o.hostname)
	if err != nil {
		return err
	}
	soap, err := front.ListenLoopback(o.listen)
	if err != nil {
		return fmt.Errorf("-listen: %w", err)
	}
	control, err := front.ListenLoopback(o.control)
	if err != nil {
		return fmt.Errorf("-control: %w", err)
	}
	server, err := vcenter.Start(vcenter.Config{
		Fleet:       f,
		Certificate: certificate,
		User:        url.UserPassword(o.username, strings.TrimRight(string(password), "\r\n")),
		Listener:    soap,
		Control:     control,
	})
	if err != nil {
		return err
	}
	defer server.Stop()
	if err := json.NewEncoder(os.Stdout).Encode(ready{server.URL, server.ControlURL, server.InstanceUUID}); err != nil {
		return err
	}
	log.Printf("%v: stopping", <-stop)
	return nil
}
