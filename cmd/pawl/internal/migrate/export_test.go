package migrate

import (
	"bytes"
	"context"
	"strings"

	"github.com/pawl-registry/pawl/client"
)

// Rewrite reads a file and writes what it holds.
func Rewrite(file string) (string, error) {
	im, err := readFile(strings.NewReader(file), "file", everything, want{true, true})
	if err != nil {
		return "", err
	}
	defer im.close()
	im.levels()
	var out bytes.Buffer
	err = writeFile(&out, im, im.head)
	return out.String(), err
}

// Read returns what a registry holds as a file, without settings.
func Read(ctx context.Context, c *client.Client) (string, error) {
	im, err := newImage()
	if err != nil {
		return "", err
	}
	defer im.close()
	r := &reader{client: c, width: 2, count: func() {}}
	if err := r.schemas(ctx, im, everything); err != nil {
		return "", err
	}
	var out bytes.Buffer
	err = writeFile(&out, im, headLine{Format: formatVersion})
	return out.String(), err
}
