package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	v1 "k8s.io/api/core/v1"
)

// server says how to reach an extender; the names are those of a KubeSchedulerConfiguration.
type server struct {
	URLPrefix  string `json:"urlPrefix"`
	CAFile     string `json:"caFile"`
	CertFile   string `json:"certFile"`
	KeyFile    string `json:"keyFile"`
	ServerName string `json:"serverName"`
	// NodeCacheCapable false sends whole nodes instead of names.
	NodeCacheCapable bool `json:"nodeCacheCapable"`
	// HTTPTimeoutMs is 5 s when absent.
	HTTPTimeoutMs int64 `json:"httpTimeoutMs"`
}

// call is one line of input: the same question, asked one or more times, one after the other.
type call struct {
	Server server `json:"server"`
	// Verb is filter or prioritize.
	Verb string `json:"verb"`
	Pod  v1.Pod `json:"pod"`
	// Names are the nodes asked about.
	Names []string `json:"names"`
	// NodeBytes pads every whole node to about that size.
	NodeBytes int `json:"nodeBytes"`
	// Order of the names: same in every call (default), rotated from call to call, or shuffled.
	Order string `json:"order"`
	// Repeat is 1 when absent.
	Repeat int `json:"repeat"`
	// PauseMs is waited between two calls.
	PauseMs int `json:"pauseMs"`
	// Detail adds the last answer's lists to the result.
	Detail bool `json:"detail"`
}

func readCall(line []byte) (call, error) {
	asked := call{Order: "same", Repeat: 1}
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&asked); err != nil {
		return asked, fmt.Errorf("the line is no call: %w", err)
	}
	if asked.Verb != "filter" && asked.Verb != "prioritize" {
		return asked, fmt.Errorf("verb: found %q; wanted filter or prioritize", asked.Verb)
	}
	if asked.Order != "same" && asked.Order != "rotated" && asked.Order != "shuffled" {
		return asked, fmt.Errorf("order: found %q; wanted same, rotated or shuffled", asked.Order)
	}
	if asked.Server.CAFile == "" {
		// Without one, kube-scheduler's client would not check the server's certificate.
		return asked, fmt.Errorf("server.caFile: wanted the file of the server's authority")
	}
	return asked, nil
}

// result is one line of output.
type result struct {
	// Refused says why no call was made.
	Refused string `json:"refused,omitempty"`
	// LatenciesMs has one entry per call: encoding, the wire and decoding.
	LatenciesMs []float64 `json:"latenciesMs,omitempty"`
	P50Ms       float64   `json:"p50Ms"`
	P99Ms       float64   `json:"p99Ms"`
	// Errors counts calls by what kube-scheduler would have reported.
	Errors map[string]int `json:"errors,omitempty"`
	// What follows is the last call's outcome.
	Feasible int `json:"feasible"`
	Failed   int `json:"failed"`
	// Unresolvable counts rejected nodes by message, as kube-scheduler's event does.
	Unresolvable map[string]int `json:"unresolvable,omitempty"`
	// Scores counts nodes by score.
	Scores map[int64]int `json:"scores,omitempty"`
	// Best are the hosts with the highest score.
	Best   []string `json:"best,omitempty"`
	Weight int64    `json:"weight,omitempty"`
	Lists  *lists   `json:"lists,omitempty"`
}

type lists struct {
	Feasible     []string          `json:"feasible,omitempty"`
	Failed       map[string]string `json:"failed,omitempty"`
	Unresolvable map[string]string `json:"unresolvable,omitempty"`
	Scores       map[string]int64  `json:"scores,omitempty"`
}
