// Command cert-manager runs those controllers of cert-manager that gpuinfo's certificates need, and its CA
// injector, as one process outside the cluster. It stands in for an installation of cert-manager on a local
// control plane: it has no webhook of its own, no leader election, and no issuers but SelfSigned and CA.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"

	logf "github.com/cert-manager/cert-manager/pkg/logs"
)

func main() {
	// A set of its own: controller-runtime has defined -kubeconfig in the common one.
	flags := flag.NewFlagSet("cert-manager", flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", "", "path of the kubeconfig of the cluster to work on")
	health := flags.String("health", "0", "loopback address that answers /healthz; 0 for none")
	if err := flags.Parse(os.Args[1:]); err != nil {
		os.Exit(2)
	}
	if err := run(*kubeconfig, *health); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run returns when a part of it has failed, or after SIGINT or SIGTERM.
func run(kubeconfig, health string) error {
	if kubeconfig == "" {
		return fmt.Errorf("no cluster to work on: set -kubeconfig")
	}
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return fmt.Errorf("read kubeconfig: %w", err)
	}
	ctrl.SetLogger(klog.Background())
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	ctx = logf.NewContext(ctx, klog.Background())
	return runAll(ctx, kubeconfig, health, config)
}

func runAll(ctx context.Context, kubeconfig, health string, config *rest.Config) error {
	group, ctx := errgroup.WithContext(ctx)
	if err := startControllers(ctx, group, kubeconfig); err != nil {
		return fmt.Errorf("start the controllers: %w", err)
	}
	if err := startInjector(ctx, group, config, health); err != nil {
		return fmt.Errorf("start the CA injector: %w", err)
	}
	klog.InfoS("cert-manager is running")
	return group.Wait()
}
