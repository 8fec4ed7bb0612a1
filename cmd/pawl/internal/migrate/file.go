package migrate

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash"
	"io"
	"maps"
	"math"
	"slices"

	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
)

// maxLine bounds one line of a file: the largest schema that a registry takes, escaped in the worst way, and room around it.
const maxLine = 128 << 20

// fileWriter writes the lines of a file.
type fileWriter struct {
	w     *bufio.Writer
	sum   hash.Hash
	lines int
}

// writeFile writes an image as a file. Equal contents make equal files.
func writeFile(out io.Writer, im *image, head headLine) error {
	f := &fileWriter{w: bufio.NewWriterSize(out, 1<<16), sum: sha256.New()}
	err := f.put(line{Export: &head})
	for _, name := range slices.Sorted(maps.Keys(im.contexts)) {
		err = errors.Join(err, f.put(line{Context: &contextLine{name, im.contexts[name]}}))
	}
	for _, name := range slices.Sorted(maps.Keys(im.configs)) {
		err = errors.Join(err, f.put(line{Config: &configLine{name, im.configs[name]}}))
	}
	for _, name := range slices.Sorted(maps.Keys(im.modes)) {
		err = errors.Join(err, f.put(line{Mode: &modeLine{name, im.modes[name]}}))
	}
	if err != nil {
		return err
	}
	for i := range im.entries {
		v, err := im.version(i)
		if err != nil {
			return err
		}
		if err := f.put(line{Schema: &v}); err != nil {
			return err
		}
	}
	if err := f.put(line{End: &endLine{Lines: f.lines, SHA256: hex.EncodeToString(f.sum.Sum(nil))}}); err != nil {
		return err
	}
	if err := f.w.Flush(); err != nil {
		return cli.File(err)
	}
	return nil
}

func (f *fileWriter) put(l line) error {
	text, err := encode(l)
	if err != nil {
		return cli.File(err)
	}
	f.lines++
	f.sum.Write(text)
	if _, err := f.w.Write(text); err != nil {
		return cli.File(err)
	}
	return nil
}

// fileReader reads the lines of a file.
type fileReader struct {
	r     *bufio.Reader
	name  string
	sum   hash.Hash
	lines int
	buf   []byte
}

// readFile reads a file into an image: what is in scope, and of it what is wanted. A file that does not end as it should is
// refused whole.
func readFile(in io.Reader, name string, s scope, w want) (*image, error) {
	im, err := newImage()
	if err != nil {
		return nil, err
	}
	f := &fileReader{r: bufio.NewReaderSize(in, 1<<16), name: name, sum: sha256.New()}
	if err := f.all(im, s, w); err != nil {
		im.close()
		return nil, err
	}
	im.seal()
	if err := im.texts.flush(); err != nil {
		im.close()
		return nil, err
	}
	return im, nil
}

func (f *fileReader) all(im *image, s scope, w want) error {
	for {
		before, lines := f.sum.Sum(nil), f.lines
		l, err := f.next()
		if err != nil {
			return err
		}
		if (l.Export != nil) != (lines == 0) {
			return f.bad("an export begins with its head line, and has one only")
		}
		if l.End != nil {
			if l.End.Lines != lines || l.End.SHA256 != hex.EncodeToString(before) {
				return f.bad("the file was changed after it was written: its lines or its checksum are not those of its end")
			}
			if _, err := f.r.ReadByte(); !errors.Is(err, io.EOF) {
				return f.bad("there is something after the end")
			}
			return nil
		}
		if err := f.take(im, l, s, w); err != nil {
			return err
		}
	}
}

// next reads one line.
func (f *fileReader) next() (line, error) {
	f.buf = f.buf[:0]
	f.lines++
	for {
		part, err := f.r.ReadSlice('\n')
		f.buf = append(f.buf, part...)
		if len(f.buf) > maxLine {
			return line{}, f.bad("the line is longer than %d bytes", maxLine)
		}
		if err == nil {
			break
		}
		if errors.Is(err, io.EOF) {
			return line{}, f.bad("the file ends too early: it was cut off, or is no export")
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line{}, cli.File(err)
		}
	}
	f.sum.Write(f.buf)
	d := json.NewDecoder(bytes.NewReader(f.buf))
	d.DisallowUnknownFields() // a member that is not known would be lost in silence
	var l line
	if err := d.Decode(&l); err != nil {
		return line{}, f.bad("%v; `pawl export` of this version writes no such line", err)
	}
	if d.More() {
		return line{}, f.bad("there is more than one value on the line")
	}
	return l, nil
}

func (f *fileReader) bad(format string, args ...any) error {
	return cli.Usagef("%s, line %d: "+format, append([]any{f.name, f.lines}, args...)...)
}

// take takes a line into the image.
func (f *fileReader) take(im *image, l line, s scope, w want) error {
	switch {
	case l.Export != nil:
		if l.Export.Format != formatVersion {
			return f.bad("this is format %d, and this pawl reads format %d alone", l.Export.Format, formatVersion)
		}
		if l.Export.Prefix != everything && s != everything && l.Export.Prefix != s {
			return f.bad("the file holds the prefix %q alone, not %q", l.Export.Prefix, s)
		}
		im.head = *l.Export
	case l.Context != nil:
		if s.hasContext(l.Context.Name) {
			im.contexts[l.Context.Name] = l.Context.MaxID
		}
	case l.Config != nil:
		if w.configs && s.hasSetting(l.Config.Name) {
			im.configs[l.Config.Name] = sortedConfig(l.Config.Config)
		}
	case l.Mode != nil:
		if w.modes && s.hasSetting(l.Mode.Name) {
			im.modes[l.Mode.Name] = l.Mode.Mode
		}
	case l.Schema != nil:
		return f.schema(im, *l.Schema, s)
	default:
		return f.bad("the line says nothing")
	}
	return nil
}

func (f *fileReader) schema(im *image, v version, s scope) error {
	if v.Version < 1 || v.ID < 1 || v.Version > math.MaxInt32 || v.ID > math.MaxInt32 || v.SchemaType == "" {
		return f.bad("a schema needs a version, an id and a schemaType")
	}
	v.Subject = plainName(v.Subject)
	if _, again := im.at[place{v.Subject, v.Version}]; again {
		return f.bad("%s is there twice", place{v.Subject, v.Version})
	}
	if !s.has(v.Subject) {
		return nil
	}
	v.Metadata, v.RuleSet = sortedMetadata(v.Metadata), sortedRules(v.RuleSet)
	if err := im.add(v); err != nil {
		return cli.File(err)
	}
	return nil
}
