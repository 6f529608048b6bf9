// Command extender-client calls an extender through kube-scheduler's own client, as kube-scheduler does.
//
// It reads one JSON object per line from standard input, see call, and answers each with one line, see result.
// Calls with the same connection settings share a client and so its connections.
//
//	extender-client golden DIR
//
// writes the bodies that kube-scheduler sends and decodes, as its Go types encode them.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out io.Writer) error {
	switch {
	case len(args) == 0:
		return serve(in, out)
	case len(args) == 2 && args[0] == "golden":
		return writeGolden(args[1])
	default:
		return fmt.Errorf("found arguments %q; wanted none, or golden DIR", args)
	}
}

func serve(in io.Reader, out io.Writer) error {
	clients := newClients()
	answers := json.NewEncoder(out)
	lines := bufio.NewReaderSize(in, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			if err := answers.Encode(answer(clients, line)); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// answer never fails: what prevents a call stands in the result, so that the next one can be made.
func answer(clients *clients, line []byte) result {
	asked, err := readCall(line)
	if err != nil {
		return result{Refused: err.Error()}
	}
	extender, err := clients.get(asked.Server)
	if err != nil {
		return result{Refused: err.Error()}
	}
	return makeCalls(extender, asked)
}
