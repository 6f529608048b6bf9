package main

import (
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	extenderv1 "k8s.io/kube-scheduler/extender/v1"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler"
	"k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/framework"
)

// weight is what gpuinfo's configuration ships.
const weight = 150

// clients keeps one extender per server, as kube-scheduler does.
type clients struct {
	byServer map[server]fwk.Extender
}

func newClients() *clients {
	return &clients{byServer: map[server]fwk.Extender{}}
}

func (c *clients) get(at server) (fwk.Extender, error) {
	if known, ok := c.byServer[at]; ok {
		return known, nil
	}
	extender, err := scheduler.NewHTTPExtender(&config.Extender{
		URLPrefix:        at.URLPrefix,
		FilterVerb:       "filter",
		PrioritizeVerb:   "prioritize",
		Weight:           weight,
		EnableHTTPS:      true,
		NodeCacheCapable: at.NodeCacheCapable,
		HTTPTimeout:      metav1.Duration{Duration: time.Duration(at.HTTPTimeoutMs) * time.Millisecond},
		TLSConfig: &config.ExtenderTLSConfig{
			ServerName: at.ServerName,
			CAFile:     at.CAFile,
			CertFile:   at.CertFile,
			KeyFile:    at.KeyFile,
		},
	})
	if err == nil {
		c.byServer[at] = extender
	}
	return extender, err
}

func makeCalls(extender fwk.Extender, asked call) result {
	nodes := makeNodes(asked.Names, asked.NodeBytes)
	order := newOrder(asked.Order, nodes)
	summary := result{Errors: map[string]int{}}
	for i := range asked.Repeat {
		if i > 0 {
			time.Sleep(time.Duration(asked.PauseMs) * time.Millisecond)
		}
		nodes := order.next()
		var err error
		var elapsed time.Duration
		if asked.Verb == "filter" {
			elapsed, err = summary.filter(extender, &asked.Pod, nodes, asked.Detail)
		} else {
			elapsed, err = summary.prioritize(extender, &asked.Pod, nodes, asked.Detail)
		}
		if err != nil {
			summary.Errors[err.Error()]++
		}
		summary.LatenciesMs = append(summary.LatenciesMs, float64(elapsed.Microseconds())/1_000)
	}
	sorted := slices.Sorted(slices.Values(summary.LatenciesMs))
	summary.P50Ms, summary.P99Ms = quantile(sorted, 0.5), quantile(sorted, 0.99)
	return summary
}

func (r *result) filter(
	extender fwk.Extender, pod *v1.Pod, nodes []fwk.NodeInfo, detail bool,
) (time.Duration, error) {
	startedAt := time.Now()
	feasible, failed, unresolvable, err := extender.Filter(pod, nodes)
	elapsed := time.Since(startedAt)
	r.Feasible, r.Failed, r.Unresolvable = len(feasible), len(failed), map[string]int{}
	for _, message := range unresolvable {
		r.Unresolvable[message]++
	}
	if detail {
		r.Lists = &lists{Failed: failed, Unresolvable: unresolvable}
		for _, node := range feasible {
			r.Lists.Feasible = append(r.Lists.Feasible, node.Node().Name)
		}
	}
	return elapsed, err
}

func (r *result) prioritize(
	extender fwk.Extender, pod *v1.Pod, nodes []fwk.NodeInfo, detail bool,
) (time.Duration, error) {
	startedAt := time.Now()
	scores, weight, err := extender.Prioritize(pod, nodes)
	elapsed := time.Since(startedAt)
	if err != nil {
		return elapsed, err
	}
	r.Weight, r.Scores, r.Best = weight, map[int64]int{}, best(*scores)
	for _, host := range *scores {
		r.Scores[host.Score]++
	}
	if detail {
		r.Lists = &lists{Scores: map[string]int64{}}
		for _, host := range *scores {
			r.Lists.Scores[host.Host] = host.Score
		}
	}
	return elapsed, nil
}

func best(scores extenderv1.HostPriorityList) []string {
	var hosts []string
	highest := int64(0)
	for _, host := range scores {
		if host.Score > highest {
			hosts, highest = nil, host.Score
		}
		if host.Score == highest {
			hosts = append(hosts, host.Host)
		}
	}
	return hosts
}

func makeNodes(names []string, bytes int) []fwk.NodeInfo {
	nodes := make([]fwk.NodeInfo, 0, len(names))
	for _, name := range names {
		node := &v1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}
		if bytes > 0 {
			node.Annotations = map[string]string{"example.com/padding": strings.Repeat("x", bytes)}
		}
		info := framework.NewNodeInfo()
		info.SetNode(node)
		nodes = append(nodes, info)
	}
	return nodes
}

// order hands out the same nodes from call to call, in the way that was asked for.
type order struct {
	kind  string
	nodes []fwk.NodeInfo
	calls int
	// With a fixed seed, two servers are sent the same lists.
	random *rand.Rand
}

func newOrder(kind string, nodes []fwk.NodeInfo) *order {
	return &order{kind: kind, nodes: nodes, random: rand.New(rand.NewPCG(1, 2))}
}

func (o *order) next() []fwk.NodeInfo {
	o.calls++
	switch {
	case len(o.nodes) == 0:
		return o.nodes
	case o.kind == "rotated":
		at := o.calls * 37 % len(o.nodes)
		return slices.Concat(o.nodes[at:], o.nodes[:at])
	case o.kind == "shuffled":
		o.random.Shuffle(len(o.nodes), func(i, j int) { o.nodes[i], o.nodes[j] = o.nodes[j], o.nodes[i] })
	}
	return o.nodes
}

func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}
