// Package vcenter composes the simulator: inventory, collector, SOAP endpoint and control endpoint.
package vcenter

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"time"

	"gpuinfo.example.com/hack/vcsim/internal/collector"
	"gpuinfo.example.com/hack/vcsim/internal/control"
	"gpuinfo.example.com/hack/vcsim/internal/fleet"
	"gpuinfo.example.com/hack/vcsim/internal/front"
	"gpuinfo.example.com/hack/vcsim/internal/inventory"
)

// Config is what a simulated vCenter is made of.
type Config struct {
	Fleet       *fleet.Fleet
	Certificate tls.Certificate
	User        *url.Userinfo // the one that may log in
	Listener    net.Listener  // of the SOAP endpoint; TCP
	Control     net.Listener  // of the control endpoint
}

// VCenter is a simulated vCenter that serves.
type VCenter struct {
	URL          string
	ControlURL   string
	InstanceUUID string
	World        *inventory.World

	front   *front.Server
	control *http.Server
}

// Start builds the inventory and serves it. It returns when both endpoints answer.
func Start(config Config) (*VCenter, error) {
	world, err := inventory.Build(config.Fleet)
	if err != nil {
		return nil, err
	}
	hub := collector.Install(world.Registry, world.Content().PropertyCollector)
	world.ServeClock()
	server := front.Serve(front.NewGate(config.Listener), config.Certificate, world.Service, config.User)
	v := &VCenter{
		URL:          server.URL(),
		ControlURL:   "http://" + config.Control.Addr().String(),
		InstanceUUID: config.Fleet.InstanceUUID,
		World:        world,
		front:        server,
		control:      &http.Server{Handler: control.New(world, server, hub), ReadHeaderTimeout: 10 * time.Second},
	}
	go func() { _ = v.control.Serve(config.Control) }()
	return v, nil
}

// Stop ends both endpoints at once and removes temporary files.
func (v *VCenter) Stop() {
	_ = v.control.Close()
	v.front.Close()
	v.World.Close()
}
