// Package front is the simulator's door: listeners, TLS, and everything that can go wrong with them on purpose.
package front

import (
	"fmt"
	"net"
)

// ListenLoopback listens on address, which must be a loopback address: the simulator is a test tool
// whose control endpoint asks for no password.
func ListenLoopback(address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("found address %q, want host:port such as 127.0.0.1:0", address)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("found address %q, want a loopback address: 127.0.0.1, ::1 or localhost", address)
	}
	return net.Listen("tcp", address)
}
