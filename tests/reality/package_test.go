package reality

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// cache keeps the archives between runs.
const cache = "../../.cache/reality"

// pack is a published package that carries schemas.
type pack struct {
	client        string // npm or pip
	name, version string
	sum           string // SHA-256 of the archive
	files         func() (map[string]string, error)
}

// newPack describes a package; its archive is fetched and read once, when its files are first asked for.
func newPack(client, name, version, sum string) *pack {
	p := &pack{client: client, name: name, version: version, sum: sum}
	p.files = sync.OnceValues(p.load)
	return p
}

var (
	googleProtos = newPack("npm", "google-proto-files", "5.0.3", "73a90e656be2ef3ba03fabc82bbb3b5213d29bd4ceb41e25364250d25606200c")
	otelProtos   = newPack("npm", "@opentelemetry/exporter-collector-grpc", "0.25.0", "c60d3b9735707f16548eb623281d1f1ace0087c0abd8e06b66aa0d9960166919")
	asyncAPI     = newPack("npm", "@asyncapi/specs", "6.11.1", "01af8744dc33c0c7eb2e908f6a955319ee58b70ecadc9387d1aeb16c0cd28928")
	gcn          = newPack("npm", "@nasa-gcn/schema", "7.2.3", "976310250606b56132cc50b93a38b0382b0aeed17c8287841bdcf5f277072159")
	webhooks     = newPack("npm", "@octokit/webhooks-schemas", "7.6.1", "94be9136c02e5246912d6a4b1f178f8d5430ae36839e46ecfcad0020f42f33ca")
	datahub      = newPack("pip", "acryl-datahub", "1.7.0.17", "b59787604fd6a68493a7976d60f86247ae798f62da2987a4b40e82d70b56b797")
	cfnLint      = newPack("pip", "cfn-lint", "1.58.0", "9d9f06043160756a6158f5c3f92a44ce38254b1c578127461608305bc8262987")
	checkJSON    = newPack("pip", "check-jsonschema", "0.39.0", "14ce5c94871c551268ea948ffe21e9f1464dc48fb20bf9a4c13deeaaf756cf9b")
)

// texts returns the package's files: slash-separated path in the archive -> text.
func (p *pack) texts(t *testing.T) map[string]string {
	t.Helper()
	files, err := p.files()
	if err != nil {
		t.Fatalf("%s %s from %s: %v", p.name, p.version, p.client, err)
	}
	return files
}

func (p *pack) load() (map[string]string, error) {
	path := filepath.Join(cache, p.sum)
	raw, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		raw, err = p.fetch(path)
	}
	if err != nil {
		return nil, err
	}
	if got := sha256.Sum256(raw); hex.EncodeToString(got[:]) != p.sum {
		return nil, fmt.Errorf("the archive has the SHA-256 %x, want %s; remove %s if it is damaged", got, p.sum, path)
	}
	if p.client == "npm" {
		return untar(raw)
	}
	return unzip(raw)
}

// fetch asks the package's client for the archive and puts it into the cache.
func (p *pack) fetch(path string) ([]byte, error) {
	if err := os.MkdirAll(cache, 0o750); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(cache, "fetch")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // what stays behind is only a cache
	cmd := exec.Command("npm", "pack", "--silent", "--pack-destination", dir, p.name+"@"+p.version)
	if p.client == "pip" {
		cmd = exec.Command("pip3", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:", "--dest", dir, p.name+"=="+p.version)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%v: %w\n%s\nthis test needs the package registry of %s on its first run; scripts/test-deps installs the client", cmd.Args, err, out, p.client)
	}
	got, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(got) != 1 {
		return nil, fmt.Errorf("%v left %d files, want one archive", cmd.Args, len(got))
	}
	if err := os.Rename(got[0], path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

func untar(raw []byte) (map[string]string, error) {
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		files[h.Name] = string(text)
	}
}

func unzip(raw []byte) (map[string]string, error) {
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(r)
		_ = r.Close() // opened for reading
		if err != nil {
			return nil, err
		}
		files[f.Name] = string(text)
	}
	return files, nil
}
