package collector_test

import (
	"fmt"
	"testing"
	"time"

	"gpuinfo.example.com/hack/vcsim/internal/testbed"
)

// BenchmarkPush measures how long 50 property changes over 1,200 watched objects, of which each is read with its
// devices, take from the first change to the last one's arrival at the client.
func BenchmarkPush(b *testing.B) {
	const hosts, vms, changes = 200, 1000, 50
	bed := testbed.Start(b, testbed.LargeFleet(hosts, vms))
	w := newWatcher(b, bed, append(machines(bed), all(bed, "HostSystem")...)...)
	version := ""
	for seen := 0; seen < hosts+vms; {
		set := w.next(version)
		version, seen = set.Version, seen+len(objects(set))
	}
	for round := 0; b.Loop(); round++ {
		value := fmt.Sprintf(`%t`, round%2 == 0)
		for i := range changes {
			host, err := bed.World.Find(fmt.Sprintf("host/esxi-%d.example.com", i))
			w.must(err)
			w.must(bed.World.Set(host, "runtime.inMaintenanceMode", []byte(value)))
		}
		for arrived := 0; arrived < changes; {
			set := w.next(version)
			version, arrived = set.Version, arrived+len(objects(set))
		}
	}
}

// BenchmarkChurn measures one change of a list view of 1,200 objects, until the client has it.
func BenchmarkChurn(b *testing.B) {
	bed := testbed.Start(b, testbed.LargeFleet(200, 1001))
	vms := machines(bed)
	w := newWatcher(b, bed, append(vms[1:], all(bed, "HostSystem")...)...)
	version := ""
	for seen := 0; seen < 1200; {
		set := w.next(version)
		version, seen = set.Version, seen+len(objects(set))
	}
	for round := 0; b.Loop(); round++ {
		if round%2 == 0 {
			w.modify(vms[:1], nil)
		} else {
			w.modify(nil, vms[:1])
		}
		version = w.next(version).Version
	}
}

func TestManyChangesInABurstAllArrive(t *testing.T) {
	const hosts = 40
	bed := testbed.Start(t, testbed.LargeFleet(hosts, 200))
	w := newWatcher(t, bed, append(machines(bed), all(bed, "HostSystem")...)...)
	version := ""
	for seen := 0; seen < hosts+200; {
		set := w.next(version)
		version, seen = set.Version, seen+len(objects(set))
	}
	done := make(chan error, 1)
	go func() {
		for i := range hosts {
			host, err := bed.World.Find(fmt.Sprintf("host/esxi-%d.example.com", i))
			if err == nil {
				err = bed.World.Set(host, "runtime.inMaintenanceMode", []byte("true"))
			}
			if err != nil {
				done <- err
				return
			}
			time.Sleep(time.Millisecond)
		}
		done <- nil
	}()
	told := map[string]bool{}
	for len(told) < hosts {
		set := w.next(version)
		version = set.Version
		for _, update := range objects(set) {
			told[update.Obj.Value] = true
		}
	}
	w.must(<-done)
}
