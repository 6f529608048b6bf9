package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"gpuinfo.example.com/hack/vcsim/internal/testbed"
)

const runAsCommand = "VCSIM_TEST_RUN_AS_COMMAND"

// TestMain lets the test binary stand in for the command.
func TestMain(m *testing.M) {
	if os.Getenv(runAsCommand) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// flags are good flags, over which a test lays its own.
func flags(t *testing.T, change map[string]string) []string {
	t.Helper()
	dir := t.TempDir()
	cert, key := testbed.NewCA(t)
	all := map[string]string{
		"-fleet": "../../fleets/demo.json", "-ca-cert": cert, "-ca-key": key,
		"-username": testbed.Username, "-password-file": write(t, dir, "password", testbed.Password+"\n"),
	}
	for name, value := range change {
		all[name] = value
	}
	var args []string
	for name, value := range all {
		if value != "" {
			args = append(args, name, value)
		}
	}
	return args
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func command(t *testing.T, args []string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), runAsCommand+"=1", "TMPDIR="+t.TempDir())
	return cmd
}

func TestWhatCannotBeServedEndsWithStatus2AndAReason(t *testing.T) {
	dir := t.TempDir()
	badFleet := write(t, dir, "fleet.json", `{"datacenters":[{"name":"DC0","clusters":[{"name":"c","hosts":[{"name":"h","cpuMhz":"fast"}]}]}]}`)
	_, otherKey := testbed.NewCA(t)
	for _, test := range []struct {
		name   string
		change map[string]string
		want   string
	}{
		{"no fleet", map[string]string{"-fleet": ""}, "found no -fleet, want it set"},
		{"a missing file", map[string]string{"-fleet": dir + "/none.json"}, "none.json: no such file"},
		{"a bad fleet", map[string]string{"-fleet": badFleet}, "datacenters[0].clusters[0].hosts[0].cpuMhz: found string, want integer"},
		{"no password", map[string]string{"-password-file": dir + "/none"}, "none: no such file"},
		{"all interfaces", map[string]string{"-listen": "0.0.0.0:0"}, `-listen: found address "0.0.0.0:0", want a loopback address`},
		{"control on all interfaces", map[string]string{"-control": ":0"}, `-control: found address ":0", want a loopback address`},
		{"no port", map[string]string{"-listen": "127.0.0.1"}, `found address "127.0.0.1", want host:port`},
		{"another CA's key", map[string]string{"-ca-key": otherKey}, "private key does not match public key"},
		{"an unknown flag", map[string]string{"-colour": "red"}, "flag provided but not defined: -colour"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cmd := command(t, flags(t, test.change))
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			err := cmd.Run()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 2 {
				t.Errorf("found %v, want exit status 2", err)
			}
			if !strings.Contains(stderr.String(), test.want) {
				t.Errorf("found %q, want it to contain %q", stderr.String(), test.want)
			}
			if stdout.Len() > 0 {
				t.Errorf("found %q on stdout, want nothing", stdout.String())
			}
		})
	}
}

func TestItSaysWhereItServesAndEndsQuicklyOnASignal(t *testing.T) {
	for _, signal := range []os.Signal{syscall.SIGTERM, syscall.SIGINT} {
		cmd := command(t, flags(t, map[string]string{"-listen": "[::1]:0"}))
		temporary := strings.TrimPrefix(cmd.Env[len(cmd.Env)-1], "TMPDIR=")
		stdout, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewReader(stdout)
		line, err := lines.ReadBytes('\n')
		var said ready
		if err == nil {
			err = json.Unmarshal(line, &said)
		}
		if err != nil || !strings.HasPrefix(said.URL, "https://[::1]:") || !strings.HasSuffix(said.URL, "/sdk") || said.InstanceUUID == "" {
			t.Errorf("found %s, %v, want one JSON line with url, controlUrl and instanceUuid", line, err)
		}
		response, err := http.Get(said.ControlURL + "/healthz")
		if err != nil || response.StatusCode != http.StatusOK {
			t.Errorf("health: found %v, %v, want 200", response, err)
		} else {
			_ = response.Body.Close()
		}
		begun := time.Now()
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		rest, _ := io.ReadAll(lines)
		if err := cmd.Wait(); err != nil || len(rest) > 0 {
			t.Errorf("%v: found %v and %q on stdout, want exit status 0 and nothing", signal, err, rest)
		}
		if took := time.Since(begun); took > 2*time.Second {
			t.Errorf("%v: found the end after %v, want it at once", signal, took)
		}
		if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
			t.Errorf("%v: found %v left in the temporary folder, %v, want nothing", signal, left, err)
		}
	}
}
