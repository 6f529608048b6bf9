// Rules that make calls slow or wrong.

package front

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Rule says which calls go wrong, how, and how often. Of Fault, HTTP, Garbage and Truncate at most one is set;
// with none of them the call is only delayed.
type Rule struct {
	Method   string `json:"method"` // * for all
	Fault    string `json:"fault,omitempty"`
	Message  string `json:"message,omitempty"` // faultstring
	HTTP     int    `json:"http,omitempty"`
	Garbage  bool   `json:"garbage,omitempty"`
	Truncate bool   `json:"truncate,omitempty"`
	Count    int    `json:"count,omitempty"` // 0: until cleared
	DelayMs  int    `json:"delayMs,omitempty"`
}

// Check says what is wrong with the rule.
func (r Rule) Check() error {
	kinds := 0
	for _, set := range []bool{r.Fault != "", r.HTTP != 0, r.Garbage, r.Truncate} {
		if set {
			kinds++
		}
	}
	switch {
	case r.Method == "":
		return errors.New("found no method, want a method's name or \"*\"")
	case kinds > 1:
		return errors.New("found more than one of fault, http, garbage and truncate, want at most one")
	case kinds == 0 && r.DelayMs == 0:
		return errors.New("found nothing to do, want one of fault, http, garbage, truncate or delayMs")
	case r.HTTP != 0 && (r.HTTP < 200 || r.HTTP > 599):
		return fmt.Errorf("found http %d, want 200 to 599", r.HTTP)
	case r.Count < 0 || r.DelayMs < 0:
		return errors.New("found a negative count or delayMs, want 0 or more")
	}
	if r.Fault != "" {
		_, err := newFault(r.Fault, call{})
		return err
	}
	return nil
}

// Faults are the rules in force, in the order in which they were added.
type Faults struct {
	mu    sync.Mutex
	rules []*Rule
}

// Add puts a rule in force; it must have passed Check.
func (f *Faults) Add(rule Rule) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = append(f.rules, &rule)
}

// Rules are the rules that are left, with the counts that they have left.
func (f *Faults) Rules() []Rule {
	f.mu.Lock()
	defer f.mu.Unlock()
	rules := make([]Rule, len(f.rules))
	for i, rule := range f.rules {
		rules[i] = *rule
	}
	return rules
}

// Clear takes all rules away.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = nil
}

// take finds the first rule for the method and uses it up by one.
func (f *Faults) take(method string) (Rule, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.rules, func(rule *Rule) bool { return rule.Method == "*" || rule.Method == method })
	if i < 0 {
		return Rule{}, false
	}
	rule := f.rules[i]
	if rule.Count == 1 {
		f.rules = slices.Delete(f.rules, i, i+1)
	} else if rule.Count > 1 {
		rule.Count--
	}
	return *rule, true
}

// answer lets the first matching rule answer, else the simulator.
func (f *Faults) answer(w http.ResponseWriter, r *http.Request, c call, next http.Handler) {
	rule, found := f.take(c.method)
	if !found {
		next.ServeHTTP(w, r)
		return
	}
	select {
	case <-time.After(time.Duration(rule.DelayMs) * time.Millisecond):
	case <-r.Context().Done():
		return
	}
	switch {
	case rule.Fault != "":
		writeFault(w, rule, c)
	case rule.HTTP != 0:
		w.WriteHeader(rule.HTTP)
	case rule.Garbage:
		writeGarbage(w)
	case rule.Truncate:
		writeHalf(w, r, next)
	default:
		next.ServeHTTP(w, r)
	}
}
