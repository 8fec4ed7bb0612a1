package interop

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// foreign is a client in another language.
type foreign struct {
	name      string
	command   func(t *testing.T) *exec.Cmd // of its driver, without the settings
	codecs    []string
	protocols []string // of groups
	serdes    bool     // the driver reads and writes with schemas, too
}

var foreigns = []foreign{
	{
		name: "confluent-kafka-python", command: python("confluent.py"),
		codecs: []string{"none", "gzip", "snappy", "lz4", "zstd"}, protocols: []string{"classic", "consumer"}, serdes: true,
	},
	{
		name: "kafka-python", command: python("kafkapython.py"),
		codecs: []string{"none", "gzip", "snappy", "lz4", "zstd"}, protocols: []string{"classic"},
	},
	{
		name: "kafkajs", command: node,
		codecs: []string{"none", "gzip"}, protocols: []string{"classic"}, serdes: true,
	},
	{
		name: "java", command: func(t *testing.T) *exec.Cmd { return java(t, "Driver") },
		codecs: []string{"none", "gzip", "snappy", "lz4", "zstd"}, protocols: []string{"classic", "consumer"},
	},
}

func python(script string) func(*testing.T) *exec.Cmd {
	return func(t *testing.T) *exec.Cmd {
		cmd := exec.Command("python3", filepath.Join("clients", "python", script))
		cmd.Env = append(os.Environ(), "PYTHONPATH="+pythonKit.path(t), "PYTHONDONTWRITEBYTECODE=1")
		return cmd
	}
}

func node(t *testing.T) *exec.Cmd {
	return exec.Command("node", filepath.Join(nodeKit.path(t), "driver.js"))
}

// java runs a class of the kit. What a tool does is short: it is not worth to be compiled well.
func java(t *testing.T, class string, arguments ...string) *exec.Cmd {
	t.Helper()
	dir := javaKit.path(t)
	return exec.Command("java", append([]string{"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", dir + "/*" + string(os.PathListSeparator) + dir, class}, arguments...)...)
}

// driver is a process that does what it is ordered on a client, one order at a time: it reads and writes JSON, a line each.
type driver struct {
	cmd *exec.Cmd
	in  io.Writer
	out *bufio.Reader
	err *journal
}

// args are the arguments of an order.
type args map[string]any

// start starts a driver of the client; it ends with the test or the context.
func (f foreign) start(ctx context.Context, t *testing.T, on *place) *driver {
	t.Helper()
	settings, err := json.Marshal(on)
	if err != nil {
		t.Fatal(err)
	}
	cmd := f.command(t)
	cmd.Args = append(cmd.Args, string(settings))
	d := &driver{cmd: cmd, err: &journal{}}
	cmd.Stderr = d.err
	if d.in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	d.out = bufio.NewReader(out)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop := context.AfterFunc(ctx, d.kill)
	t.Cleanup(func() {
		stop()
		d.kill()
		_ = cmd.Wait() // it was killed
	})
	return d
}

func (d *driver) kill() { _ = d.cmd.Process.Kill() }

// try gives an order and waits for the answer, which it reads into result unless that is nil.
func (d *driver) try(order string, with args, result any) error {
	line := maps.Clone(with)
	if line == nil {
		line = args{}
	}
	line["do"] = order
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	if _, err := d.in.Write(append(text, '\n')); err != nil {
		return errors.New(order + ": the driver is gone: " + err.Error() + "\n" + d.err.String())
	}
	text, err = d.out.ReadBytes('\n')
	if err != nil {
		return errors.New(order + ": no answer: " + err.Error() + "\n" + d.err.String())
	}
	var answer struct {
		OK    json.RawMessage `json:"ok"`
		Error string          `json:"error"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return errors.New(order + ": not an answer: " + string(text))
	}
	if answer.Error != "" {
		return errors.New(order + ": " + answer.Error)
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(answer.OK, result)
}

// do is try for an order that must succeed.
func (d *driver) do(t *testing.T, order string, with args, result any) {
	t.Helper()
	if err := d.try(order, with, result); err != nil {
		t.Fatal(err)
	}
}

// refused gives an order that must fail with an error that holds one of the words.
func (d *driver) refused(t *testing.T, order string, with args, words ...string) {
	t.Helper()
	err := d.try(order, with, nil)
	if err == nil {
		t.Errorf("%s %v was not refused", order, with)
		return
	}
	for _, w := range words {
		if strings.Contains(err.Error(), w) {
			return
		}
	}
	t.Errorf("%s %v: refused for another reason than %q: %v", order, with, words, err)
}

// journal keeps the end of what a process says.
type journal struct {
	mu   sync.Mutex
	text []byte
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.text = append(j.text, p...)
	if len(j.text) > 1<<16 {
		j.text = j.text[len(j.text)-1<<15:]
	}
	return len(p), nil
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return tail(string(j.text), 40)
}
