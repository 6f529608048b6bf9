// Package control changes the simulated vCenter while it runs, over plain HTTP on a loopback address.
package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"gpuinfo.example.com/hack/vcsim/internal/collector"
	"gpuinfo.example.com/hack/vcsim/internal/fleet"
	"gpuinfo.example.com/hack/vcsim/internal/front"
	"gpuinfo.example.com/hack/vcsim/internal/inventory"
)

// Endpoint answers control requests, one at a time.
type Endpoint struct {
	world *inventory.World
	front *front.Server
	hub   *collector.Hub

	mu sync.Mutex
}

// reply is what a handler answers with; nil means {}.
type reply any

// badRequest is an error that the caller can mend.
type badRequest struct{ error }

// notFound says that there is no such thing.
type notFound string

func (e notFound) Error() string { return string(e) }

// New makes the endpoint's handler.
func New(world *inventory.World, server *front.Server, hub *collector.Hub) http.Handler {
	e := &Endpoint{world: world, front: server, hub: hub}
	mux := http.NewServeMux()
	for pattern, handle := range e.routes() {
		mux.Handle(pattern, e.handler(handle))
	}
	mux.Handle("/", e.handler(func(r *http.Request) (reply, error) {
		known := slices.Sorted(maps.Keys(e.routes()))
		return nil, notFound(fmt.Sprintf("found %s %s, want one of %s", r.Method, r.URL.Path, strings.Join(known, ", ")))
	}))
	return mux
}

type handle func(r *http.Request) (reply, error)

func (e *Endpoint) routes() map[string]handle {
	return map[string]handle{
		"GET /healthz":            func(*http.Request) (reply, error) { return nil, nil },
		"GET /truth":              func(*http.Request) (reply, error) { return e.world.Truth(), nil },
		"POST /set":               with(e.set),
		"POST /vmotion":           with(e.vmotion),
		"POST /maintenance":       with(e.maintenance),
		"POST /power":             with(e.power),
		"POST /move-host":         with(e.moveHost),
		"POST /clock":             with(e.setClock),
		"POST /custom-attribute":  with(e.setAttribute),
		"POST /running-tasks":     with(e.putRunningTask),
		"POST /scheduled-tasks":   with(e.putTask),
		"DELETE /scheduled-tasks": with(e.removeTask),
		"POST /vms":               with(e.addMachine),
		"DELETE /vms":             with(e.removeMachine),
		"GET /sessions":           e.sessions,
		"POST /sessions/expire":   with(e.expire),
		"POST /session-timeout":   with(e.sessionTimeout),
		"GET /faults":             e.faults,
		"POST /faults":            with(e.addFault),
		"DELETE /faults":          e.clearFaults,
		"GET /network":            e.network,
		"POST /network":           with(e.setNetwork),
		"POST /deny":              with(e.deny),
		"DELETE /deny":            e.allow,
		"GET /calls":              e.calls,
		"DELETE /calls":           e.resetCalls,
	}
}

func (e *Endpoint) calls(*http.Request) (reply, error) { return e.front.Calls.Counts(), nil }

func (e *Endpoint) resetCalls(*http.Request) (reply, error) {
	e.front.Calls.Reset()
	return nil, nil
}

// maxBody bounds a control request; the largest real one is a virtual machine.
const maxBody = 1 << 20

// with decodes the request's body strictly into T.
func with[T any](f func(T) (reply, error)) handle {
	return func(r *http.Request) (reply, error) {
		var request T
		body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
		switch {
		case err != nil:
			return nil, badRequest{err}
		case len(body) > maxBody:
			return nil, badRequest{fmt.Errorf("found a body of more than %d bytes, want less", maxBody)}
		}
		if err := decodeStrictly(body, &request); err != nil {
			return nil, badRequest{err}
		}
		return f(request)
	}
}

// handler runs one request under the endpoint's lock; whatever happens, the process lives on.
func (e *Endpoint) handler(f handle) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.mu.Lock()
		defer e.mu.Unlock()
		answer, err := guarded(f, r)
		if err != nil {
			write(w, statusOf(err), map[string]string{"error": err.Error()})
			return
		}
		if answer == nil {
			answer = struct{}{}
		}
		write(w, http.StatusOK, answer)
	})
}

// guarded turns a panic of the simulator, such as one about a property's type, into an error.
func guarded(f handle, r *http.Request) (answer reply, err error) {
	defer func() {
		if failure := recover(); failure != nil {
			log.Printf("control: %s %s: %v\n%s", r.Method, r.URL.Path, failure, debug.Stack())
			err = badRequest{fmt.Errorf("the simulator refused: %v", failure)}
		}
	}()
	return f(r)
}

func statusOf(err error) int {
	var noObject *inventory.NotFoundError
	var nothing notFound
	var conflict *inventory.ConflictError
	var problems fleet.Problems
	switch {
	case errors.As(err, &noObject), errors.As(err, &nothing):
		return http.StatusNotFound
	case errors.As(err, &conflict):
		return http.StatusConflict
	case errors.As(err, &badRequest{}), errors.As(err, &problems):
		return http.StatusBadRequest
	default:
		return http.StatusInternalServerError
	}
}

func write(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(value); err != nil {
		log.Printf("control: %v", err)
	}
}
