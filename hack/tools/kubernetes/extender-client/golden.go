package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	extenderv1 "k8s.io/kube-scheduler/extender/v1"
	"k8s.io/kubernetes/pkg/scheduler"
	"k8s.io/kubernetes/pkg/scheduler/apis/config"
)

// writeGolden writes one file per body: requests caught from the client, and answers as the Go types encode them.
func writeGolden(dir string) error {
	bodies := map[string]func() ([]byte, error){
		"filter-request":       catch("filter", true, "worker-1", "worker-2", "worker-3"),
		"filter-no-nodes":      catch("filter", true),
		"filter-full-nodes":    catch("filter", false, "worker-1", "worker-2"),
		"prioritize-request":   catch("prioritize", true, "worker-1", "worker-2"),
		"prioritize-no-nodes":  catch("prioritize", true),
		"filter-answer":        encode(filterAnswer()),
		"prioritize-answer":    encode(extenderv1.HostPriorityList{{Host: "worker-1", Score: 5}, {Host: "worker-2", Score: 10}}),
		"filter-error":         encode(extenderv1.ExtenderFilterResult{Error: "a reason"}),
		"prioritize-no-answer": encode(extenderv1.HostPriorityList{}),
	}
	for name, body := range bodies {
		bytes, err := body()
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name+".body"), bytes, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// catch gives the body that the client sends for these nodes.
func catch(verb string, nodeCacheCapable bool, names ...string) func() ([]byte, error) {
	return func() ([]byte, error) {
		var body []byte
		server := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
			body, _ = io.ReadAll(request.Body)
			answer.WriteHeader(http.StatusNoContent)
		}))
		defer server.Close()
		extender, err := scheduler.NewHTTPExtender(&config.Extender{
			URLPrefix:        server.URL,
			FilterVerb:       "filter",
			PrioritizeVerb:   "prioritize",
			NodeCacheCapable: nodeCacheCapable,
		})
		if err != nil {
			return nil, err
		}
		// Both fail, since nothing is answered: it is the question that is wanted.
		if verb == "filter" {
			_, _, _, _ = extender.Filter(goldenPod(), makeNodes(names, 0))
		} else {
			_, _, _ = extender.Prioritize(goldenPod(), makeNodes(names, 0))
		}
		return body, nil
	}
}

func encode(value any) func() ([]byte, error) {
	return func() ([]byte, error) { return json.Marshal(value) }
}

func filterAnswer() extenderv1.ExtenderFilterResult {
	return extenderv1.ExtenderFilterResult{
		NodeNames:   &[]string{"worker-1", "worker-2"},
		FailedNodes: extenderv1.FailedNodesMap{},
		FailedAndUnresolvableNodes: extenderv1.FailedNodesMap{
			"worker-3": "gpuinfo: no GPU (NoGpu)",
		},
	}
}

// goldenPod has annotations of ours, and text that Go's encoder escapes.
func goldenPod() *v1.Pod {
	return &v1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name:      "train-0",
			Namespace: "ml",
			UID:       "0f5c8f0e-6a8f-4f0e-9d39-2a3f1a1d7c11",
			Annotations: map[string]string{
				"example.com/note":                      "less < more & \"quoted\" \\ back",
				"topology.corinternal.com/des-acc-time": "100",
				"topology.corinternal.com/gpu-required": "true",
			},
		},
		Spec: v1.PodSpec{
			SchedulerName: "gpuinfo-scheduler",
			Containers:    []v1.Container{{Name: "train", Image: "registry.example.com/train:1"}},
		},
	}
}
