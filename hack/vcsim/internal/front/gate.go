// A listener that can go away, hang or reset its connections, and come back.

package front

import (
	"fmt"
	"net"
	"sync"
)

// Mode is how the network behaves.
type Mode string

// The network as it should be, and three ways in which it fails.
const (
	ModeOK     Mode = "ok"
	ModeRefuse Mode = "refuse" // nobody listens: connection refused
	ModeHang   Mode = "hang"   // connections are accepted and never answered
	ModeReset  Mode = "reset"  // connections are accepted and reset at once
)

// Gate is a net.Listener whose Mode can change at any time, for existing connections too.
type Gate struct {
	address net.Addr

	mu       sync.Mutex
	changed  *sync.Cond
	mode     Mode
	listener net.Listener // nil while nobody listens
	closed   bool
	conns    map[*gatedConn]struct{}
}

// NewGate opens a gate in front of a TCP listener.
func NewGate(listener net.Listener) *Gate {
	g := &Gate{address: listener.Addr(), mode: ModeOK, listener: listener, conns: map[*gatedConn]struct{}{}}
	g.changed = sync.NewCond(&g.mu)
	return g
}

// Set changes the mode. Refuse and reset end the connections that exist; hang holds them until the next change.
func (g *Gate) Set(mode Mode) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if mode != ModeRefuse && g.listener == nil && !g.closed {
		listener, err := net.Listen("tcp", g.address.String())
		if err != nil {
			return fmt.Errorf("listen again: %w", err)
		}
		g.listener = listener
	}
	g.mode = mode
	if mode == ModeRefuse && g.listener != nil {
		_ = g.listener.Close()
		g.listener = nil
	}
	if mode == ModeRefuse || mode == ModeReset {
		for conn := range g.conns {
			conn.reset()
		}
	}
	g.changed.Broadcast()
	return nil
}

// Mode is the present mode.
func (g *Gate) Mode() Mode {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.mode
}

// Accept waits for a connection, over times in which nobody listens.
func (g *Gate) Accept() (net.Conn, error) {
	for {
		listener, err := g.current()
		if err != nil {
			return nil, err
		}
		conn, err := listener.Accept()
		if err != nil {
			if g.gone(listener) {
				continue
			}
			return nil, err
		}
		if admitted := g.admit(conn.(*net.TCPConn)); admitted != nil {
			return admitted, nil
		}
	}
}

func (g *Gate) current() (net.Listener, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.listener == nil && !g.closed {
		g.changed.Wait()
	}
	if g.closed {
		return nil, net.ErrClosed
	}
	return g.listener, nil
}

// gone says whether a failed Accept came from our own closing of that listener.
func (g *Gate) gone(listener net.Listener) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.closed || g.listener != listener
}

func (g *Gate) admit(conn *net.TCPConn) net.Conn {
	g.mu.Lock()
	defer g.mu.Unlock()
	gated := &gatedConn{TCPConn: conn, gate: g}
	if g.mode == ModeReset || g.mode == ModeRefuse || g.closed {
		gated.reset()
		return nil
	}
	g.conns[gated] = struct{}{}
	return gated
}

// Close ends the listener for good.
func (g *Gate) Close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	g.changed.Broadcast()
	if g.listener == nil {
		return nil
	}
	return g.listener.Close()
}

// Addr is the address listened on, also while nobody listens.
func (g *Gate) Addr() net.Addr { return g.address }

// gatedConn is a connection that stands still while the gate hangs.
type gatedConn struct {
	*net.TCPConn
	gate   *Gate
	closed bool // guarded by gate.mu
}

// Read gives nothing to the server while the gate hangs, not even what came before.
func (c *gatedConn) Read(p []byte) (int, error) {
	n, err := c.TCPConn.Read(p)
	if waitErr := c.wait(); waitErr != nil {
		return 0, waitErr
	}
	return n, err
}

func (c *gatedConn) Write(p []byte) (int, error) {
	if err := c.wait(); err != nil {
		return 0, err
	}
	return c.TCPConn.Write(p)
}

func (c *gatedConn) wait() error {
	c.gate.mu.Lock()
	defer c.gate.mu.Unlock()
	for c.gate.mode == ModeHang && !c.closed && !c.gate.closed {
		c.gate.changed.Wait()
	}
	if c.closed {
		return net.ErrClosed
	}
	return nil
}

// Close is the server's orderly end of a connection.
func (c *gatedConn) Close() error {
	c.gate.mu.Lock()
	defer c.gate.mu.Unlock()
	c.leave()
	return c.TCPConn.Close()
}

// reset ends the connection so that the peer sees ECONNRESET. The caller holds the gate's lock.
func (c *gatedConn) reset() {
	c.leave()
	_ = c.SetLinger(0)
	_ = c.TCPConn.Close()
}

func (c *gatedConn) leave() {
	c.closed = true
	delete(c.gate.conns, c)
	c.gate.changed.Broadcast()
}
