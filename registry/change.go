package registry

import (
	"bytes"
	"encoding/json"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// The change encodings that this program writes and reads. They are frozen: stores hold them for ever. A change is written in
// the oldest that can hold it, so that a program which knows only that one goes on reading the store as long as nothing in it
// is beyond it.
const (
	schemasFormat = 1 // subjects and settings
	keysFormat    = 2 // and additions
	partsFormat   = 3 // a snapshot in several parts
)

// change is one atomic decision as effects on the View, in the order in which they are applied. It is encoded as one JSON
// object; FORMAT.md describes it. Effects and not requests are kept, so that a replay never depends on how today's program
// would decide.
type change struct {
	Format   int   `json:"format"`
	Time     int64 `json:"time"` // milliseconds since the Unix epoch
	Snapshot bool  `json:"snapshot,omitempty"`
	Part     int   `json:"part,omitempty"` // of a snapshot in several: 1, 2 and so on
	More     bool  `json:"more,omitempty"` // another part follows

	Remove   []place              `json:"remove,omitempty"`
	Hide     []place              `json:"hide,omitempty"`
	Put      []record             `json:"put,omitempty"`
	Config   map[string]*Config   `json:"config,omitempty"` // nil removes
	Mode     map[string]*Mode     `json:"mode,omitempty"`   // nil removes
	Contexts []string             `json:"contexts,omitempty"`
	Drop     []string             `json:"drop,omitempty"`
	LastIDs  map[string]schema.ID `json:"lastIds,omitempty"`

	additions
}

// additions are the members that format 2 adds.
type additions struct {
	RemoveDeks         []dekPlace         `json:"removeDeks,omitempty"`
	RemoveKeks         []string           `json:"removeKeks,omitempty"`
	PutKeks            []kekRecord        `json:"putKeks,omitempty"`
	PutDeks            []dekRecord        `json:"putDeks,omitempty"`
	RemoveAssociations []associationPlace `json:"removeAssociations,omitempty"`
	PutAssociations    []bondRecord       `json:"putAssociations,omitempty"`
}

func (a *additions) empty() bool {
	return len(a.RemoveDeks) == 0 && len(a.RemoveKeks) == 0 && len(a.PutKeks) == 0 && len(a.PutDeks) == 0 &&
		len(a.RemoveAssociations) == 0 && len(a.PutAssociations) == 0
}

// place is one version of a subject in a change.
type place struct {
	Subject string `json:"subject"`
	Version int    `json:"version"`
}

// record is one version with its content in a change.
type record struct {
	Subject    string             `json:"subject"`
	Version    int                `json:"version"`
	ID         schema.ID          `json:"id"`
	Type       string             `json:"type"`
	Schema     string             `json:"schema"`
	References []schema.Reference `json:"references,omitempty"`
	Metadata   *Metadata          `json:"metadata,omitempty"`
	RuleSet    *RuleSet           `json:"ruleSet,omitempty"`
	Deleted    bool               `json:"deleted,omitempty"`
	Time       *int64             `json:"time,omitempty"` // only where it differs from that of the change
}

// empty reports whether the change has no effect.
func (c *change) empty() bool {
	return len(c.Remove) == 0 && len(c.Hide) == 0 && len(c.Put) == 0 && len(c.Config) == 0 && len(c.Mode) == 0 &&
		len(c.Contexts) == 0 && len(c.Drop) == 0 && len(c.LastIDs) == 0 && !c.Snapshot && c.additions.empty()
}

// encode writes the change in the oldest format that can hold it.
func (c *change) encode() ([]byte, error) {
	c.Format = schemasFormat
	if !c.additions.empty() {
		c.Format = keysFormat
	}
	if c.Part > 0 {
		c.Format = partsFormat
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // schemas are full of angle brackets, and people read them in stores
	if err := e.Encode(c); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

func decodeChange(data []byte) (*change, error) {
	const op = "registry.decodeChange"
	c := new(change)
	if err := json.Unmarshal(data, c); err != nil {
		return nil, fault.Wrap(ErrCorrupt, op, err, "")
	}
	if c.Format < schemasFormat || c.Format > partsFormat {
		return nil, fault.New(ErrCorrupt, op, "The store holds changes of format %d; this program reads up to %d. Update it.", c.Format, partsFormat)
	}
	if c.Format < partsFormat {
		c.Part, c.More = 0, false // unknown members, as below
	}
	if c.Format < keysFormat {
		c.additions = additions{} // unknown members, as for every other reader of that format
	}
	return c, nil
}
