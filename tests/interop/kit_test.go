package interop

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// A kit is the packages that the drivers of one language run on. Its files pin them; the language's own client fetches them, once,
// into the cache of the checkout.
type kit struct {
	folder string   // under clients
	pins   []string // files in folder
	fetch  func(folder, into string) *exec.Cmd
	dir    func() (string, error)
}

func newKit(folder string, fetch func(folder, into string) *exec.Cmd, pins ...string) *kit {
	k := &kit{folder: folder, pins: pins, fetch: fetch}
	k.dir = sync.OnceValues(k.make)
	return k
}

var (
	pythonKit = newKit("python", func(folder, into string) *exec.Cmd {
		return exec.Command("python3", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--root-user-action", "ignore",
			"--no-deps", "--only-binary", ":all:", "--target", into, "--requirement", filepath.Join(folder, "requirements.txt"))
	}, "requirements.txt")
	// npm looks for packages in the folders above a program, so the drivers are copied beside them.
	nodeKit = newKit("node", func(folder, into string) *exec.Cmd {
		return exec.Command("sh", "-c", `cp "$0"/package.json "$0"/package-lock.json "$0"/driver.js "$1" && npm ci --prefix "$1" --silent --no-audit --no-fund --ignore-scripts`, folder, into)
	}, "package.json", "package-lock.json", "driver.js")
	javaKit = newKit("java", func(folder, into string) *exec.Cmd {
		return exec.Command("sh", "-c", `mvn --batch-mode --quiet --file "$0"/pom.xml org.apache.maven.plugins:maven-dependency-plugin:3.9.0:copy-dependencies `+
			`-DoutputDirectory="$1" -DincludeScope=runtime && javac -cp "$1/*" -d "$1" "$0"/Driver.java`, folder, into)
	}, "pom.xml", "Driver.java")
)

// provide fetches what is missing of all kits, side by side.
func provide(t *testing.T) {
	t.Helper()
	kits := []*kit{pythonKit, nodeKit, javaKit}
	for _, k := range kits {
		go func() { _, _ = k.dir() }() // path tells the error
	}
	for _, k := range kits {
		k.path(t)
	}
}

// path returns the folder of the packages.
func (k *kit) path(t *testing.T) string {
	t.Helper()
	dir, err := k.dir()
	if err != nil {
		t.Fatalf("the packages of %s: %v\nthe first run fetches them from their registry; scripts/test-deps installs what fetches them", k.folder, err)
	}
	return dir
}

func (k *kit) make() (string, error) {
	folder, err := filepath.Abs(filepath.Join("clients", k.folder))
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	for _, name := range k.pins {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return "", err
		}
		sum.Write(text)
	}
	cache, err := filepath.Abs("../../.cache/interop")
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, k.folder+"-"+hex.EncodeToString(sum.Sum(nil))[:16])
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	return dir, k.fill(folder, cache, dir)
}

// fill fetches into a folder of its own, so that dir is there only when it is whole. The network may fail now and then.
func (k *kit) fill(folder, cache, dir string) error {
	var failed error
	for wait := time.Duration(0); wait <= 16*time.Second; wait = 2*wait + time.Second {
		time.Sleep(wait)
		into, err := os.MkdirTemp(cache, "fetch")
		if err != nil {
			return err
		}
		cmd := k.fetch(folder, into)
		out, err := cmd.CombinedOutput()
		if err == nil {
			return os.Rename(into, dir)
		}
		failed = fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, tail(string(out), 20))
		_ = os.RemoveAll(into) // what stays behind is only a cache
	}
	return failed
}
