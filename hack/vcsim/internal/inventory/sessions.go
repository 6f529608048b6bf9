// The sessions of clients.

package inventory

import (
	"fmt"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// Sessions are the clients that are logged in.
func (w *World) Sessions() []types.UserSession {
	view := w.NewContext().Session.Get(*w.Content().SessionManager)
	return view.(*simulator.SessionManager).SessionList
}

// ExpireSessions ends all sessions, as idle ones end: the clients learn of it at their next call.
func (w *World) ExpireSessions() {
	ctx := w.NewContext()
	for _, session := range w.Sessions() {
		w.Registry.SessionManager().TerminateSession(ctx, &types.TerminateSession{SessionId: []string{session.Key}})
	}
}

// SetSessionTimeout sets the idle time after which sessions end that log in from now on.
func (w *World) SetSessionTimeout(timeout time.Duration) error {
	body := w.Registry.OptionManager().UpdateOptions(&types.UpdateOptions{ChangedValue: []types.BaseOptionValue{
		&types.OptionValue{Key: "config.vmacore.soap.sessionTimeout", Value: timeout.String()},
	}})
	if fault := body.Fault(); fault != nil {
		return fmt.Errorf("simulator: %s %T", fault.String, fault.Detail.Fault)
	}
	return nil
}
