package vcenter_test

import (
	"testing"
	"time"

	"gpuinfo.example.com/hack/vcsim/internal/fleet"
	"gpuinfo.example.com/hack/vcsim/internal/inventory"
	"gpuinfo.example.com/hack/vcsim/internal/testbed"
)

// BenchmarkParse reads and checks a fleet file of 5,000 machines on 200 hosts.
func BenchmarkParse(b *testing.B) {
	text := []byte(testbed.LargeFleet(200, 5000))
	for b.Loop() {
		if _, err := fleet.Parse(text, time.Now()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBuild fills the registry with that fleet.
func BenchmarkBuild(b *testing.B) {
	f, err := fleet.Parse([]byte(testbed.LargeFleet(200, 5000)), time.Now())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		world, err := inventory.Build(f)
		if err != nil {
			b.Fatal(err)
		}
		world.Close()
	}
}
