// Control requests that make trouble for clients: sessions, faults, the network, privileges.

package control

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/vmware/govmomi/vim25/types"

	"gpuinfo.example.com/hack/vcsim/internal/front"
)

type session struct {
	User  string    `json:"user"`
	Since time.Time `json:"since"`
}

func (e *Endpoint) sessions(*http.Request) (reply, error) {
	sessions := []session{}
	for _, s := range e.world.Sessions() {
		sessions = append(sessions, session{s.UserName, s.LoginTime})
	}
	return sessions, nil
}

type expireRequest struct {
	Quiet bool `json:"quiet"`
}

// expire ends all sessions; unless quiet, waits in flight fail at once.
func (e *Endpoint) expire(request expireRequest) (reply, error) {
	e.world.ExpireSessions()
	if !request.Quiet {
		e.hub.EndWaits()
	}
	return nil, nil
}

type timeoutRequest struct {
	Seconds int `json:"seconds"`
}

const longestTimeout = 7 * 24 * 60 * 60

func (e *Endpoint) sessionTimeout(request timeoutRequest) (reply, error) {
	if request.Seconds < 1 || request.Seconds > longestTimeout {
		return nil, badRequest{fmt.Errorf("found %d seconds, want 1 to %d", request.Seconds, longestTimeout)}
	}
	return nil, e.world.SetSessionTimeout(time.Duration(request.Seconds) * time.Second)
}

func (e *Endpoint) addFault(rule front.Rule) (reply, error) {
	if err := rule.Check(); err != nil {
		return nil, badRequest{err}
	}
	e.front.Faults.Add(rule)
	return nil, nil
}

func (e *Endpoint) faults(*http.Request) (reply, error) { return e.front.Faults.Rules(), nil }

func (e *Endpoint) clearFaults(*http.Request) (reply, error) {
	e.front.Faults.Clear()
	return nil, nil
}

type network struct {
	Mode front.Mode `json:"mode"`
}

func (e *Endpoint) network(*http.Request) (reply, error) { return network{e.front.Gate.Mode()}, nil }

func (e *Endpoint) setNetwork(request network) (reply, error) {
	switch request.Mode {
	case front.ModeOK, front.ModeRefuse, front.ModeHang, front.ModeReset:
		return nil, e.front.Gate.Set(request.Mode)
	default:
		return nil, badRequest{fmt.Errorf("found mode %q, want ok, refuse, hang or reset", request.Mode)}
	}
}

// denyRequest names one object, or a type for all that there are.
type denyRequest struct {
	Object string   `json:"object"`
	Type   string   `json:"type"`
	Paths  []string `json:"paths"`
}

// deny hides paths of objects; an empty list shows them again.
func (e *Endpoint) deny(request denyRequest) (reply, error) {
	refs, err := e.denied(request)
	if err != nil {
		return nil, err
	}
	if request.Paths == nil {
		return nil, badRequest{errors.New("found no paths, want a list such as [\"runtime\"] or [\"*\"]")}
	}
	for _, ref := range refs {
		e.hub.Deny(ref, request.Paths)
	}
	return map[string]any{"objects": refs}, nil
}

func (e *Endpoint) denied(request denyRequest) ([]types.ManagedObjectReference, error) {
	if request.Type == "" {
		object, err := e.world.Find(request.Object)
		if err != nil {
			return nil, err
		}
		return []types.ManagedObjectReference{object.Reference()}, nil
	}
	refs := e.world.OfType(request.Type)
	if request.Object != "" || len(refs) == 0 {
		return nil, badRequest{fmt.Errorf("found object %q and %d objects of type %q, want an object or a type of which there are some",
			request.Object, len(refs), request.Type)}
	}
	return refs, nil
}

func (e *Endpoint) allow(*http.Request) (reply, error) {
	e.hub.Allow()
	return nil, nil
}
