package registry

import (
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"maps"
	"slices"
	"strings"

	"github.com/pawl-registry/pawl/schema"
)

// contentGUID returns the GUID of a content: the MD5 that Confluent Schema Registry computes (storage/MD5.java), over the
// canonical text, the references, the metadata and the rules, without separators. The format is not part of it. Since MD5 and
// the lack of separators admit collisions, the registry never takes equal GUIDs alone for equal content.
func contentGUID(text string, refs []schema.Reference, m *Metadata, rs *RuleSet) schema.GUID {
	h := hasher{md5.New()}
	h.text(text)
	for _, r := range refs {
		h.text(r.Name)
		h.text(r.Subject)
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(int32(r.Version))))
	}
	if m != nil {
		h.metadata(m)
	}
	if rs != nil {
		h.ruleSet(rs)
	}
	return schema.GUID(h.Sum(nil))
}

type hasher struct{ hash.Hash }

// pieceBytes is how much of a text is copied at a time to be hashed.
const pieceBytes = 2 << 10

func (h hasher) text(s string) {
	piece := make([]byte, min(len(s), pieceBytes))
	for len(s) > 0 {
		n := copy(piece, s)
		h.Write(piece[:n])
		s = s[n:]
	}
}

func (h hasher) flag() { h.Write([]byte{1}) }

func (h hasher) sorted(list []string) {
	for _, s := range slices.Sorted(slices.Values(list)) {
		h.text(s)
	}
}

func (h hasher) pairs(m map[string]string) {
	for _, k := range slices.Sorted(maps.Keys(m)) {
		h.text(k)
		h.text(m[k])
	}
}

func (h hasher) metadata(m *Metadata) {
	h.flag()
	for _, k := range slices.Sorted(maps.Keys(m.Tags)) {
		h.text(k)
		h.sorted(m.Tags[k])
	}
	h.pairs(m.Properties)
	h.sorted(m.Sensitive)
}

func (h hasher) ruleSet(rs *RuleSet) {
	h.flag()
	for _, list := range [][]Rule{rs.MigrationRules, rs.DomainRules, rs.EncodingRules} {
		for _, r := range list {
			h.rule(r)
		}
	}
	h.text(rs.EnableAt)
}

func (h hasher) rule(r Rule) {
	for _, s := range []string{r.Name, r.Doc, r.Kind, r.Mode, r.Type} {
		h.text(s)
	}
	h.sorted(r.Tags)
	h.pairs(r.Params)
	for _, s := range []string{r.Expr, r.OnSuccess, r.OnFailure} {
		h.text(s)
	}
	if r.Disabled {
		h.flag()
	}
}

// ParseGUID reads 32 hex digits, with or without the usual dashes.
func ParseGUID(text string) (schema.GUID, bool) {
	if len(text) == 36 && text[8] == '-' && text[13] == '-' && text[18] == '-' && text[23] == '-' {
		text = strings.ReplaceAll(text, "-", "")
	}
	if len(text) != 32 {
		return schema.GUID{}, false
	}
	b, err := hex.DecodeString(text)
	if err != nil {
		return schema.GUID{}, false
	}
	return schema.GUID(b), true
}
