package serde_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/serde"
	"github.com/pawl-registry/pawl/serde/frame"
)

func validator(f serde.Schemas, o serde.ValidatorOptions) *serde.Validator {
	return serde.NewValidator(serde.NewResolver(f, formats, serde.Options{}), o)
}

func TestTheValidatorJudges(t *testing.T) {
	f := newFake()
	id := f.add("notes-value", "com.Note,com.Memo body").ID
	f.add("other-value", "X y")
	f.add("broken", "nofield")
	f.mu.Lock()
	for _, also := range []string{"com.Memo", "notes-com.Note"} {
		r := f.subjects["notes-value"][0]
		r.Subject = also
		f.subjects[also] = []serde.Registered{r}
	}
	f.mu.Unlock()
	guid := slices.Clip(frame.Append(nil, frame.Ref{ByGUID: true, GUID: schema.GUID{15: byte(id)}}))
	good := framed(id, "\x00body=x;")
	tests := []struct {
		name     string
		field    serde.Field
		strategy serde.Strategy
		rigor    serde.Rigor
		header   []byte
		data     []byte
		want     string // part of the reason; empty passes
	}{
		{"registered", serde.Value, serde.TopicName, serde.CheckID, nil, good, ""},
		{"null", serde.Value, serde.TopicName, serde.CheckID, nil, nil, ""},
		{"empty", serde.Value, serde.TopicName, serde.CheckID, nil, []byte{}, "value: 0 bytes"},
		{"plain text", serde.Value, serde.TopicName, serde.CheckID, nil, []byte("hello"), "magic byte"},
		{"short", serde.Value, serde.TopicName, serde.CheckID, nil, []byte{0, 0, 0}, "3 bytes"},
		{"unknown id", serde.Value, serde.TopicName, serde.CheckID, nil, framed(99, "x"), `schema 99 is not registered under subject "notes-value"`},
		{"another subject's id", serde.Value, serde.TopicName, serde.CheckID, nil, framed(2, "x"), `schema 2 is not registered under subject "notes-value"; register it`},
		{"the key's subject", serde.Key, serde.TopicName, serde.CheckID, nil, good, `"notes-key"`},
		{"record", serde.Value, serde.RecordName, serde.CheckID, nil, framed(id, "\x01body=x;"), ""},
		{"another record", serde.Value, serde.RecordName, serde.CheckID, nil, good, `"com.Note"`},
		{"topic and record", serde.Value, serde.TopicRecordName, serde.CheckID, nil, good, ""},
		{"record of an unknown id", serde.Value, serde.RecordName, serde.CheckID, nil, framed(99, "x"), "value: schema 99 is not in the registry"},
		{"no such message", serde.Value, serde.RecordName, serde.CheckID, nil, framed(id, "\x07"), "no such message index"},
		{"a schema that does not parse", serde.Value, serde.RecordName, serde.CheckID, nil, framed(3, "\x00"), "cannot be used"},
		{"broken payload, id asked", serde.Value, serde.TopicName, serde.CheckID, nil, framed(id, "\x00bo"), ""},
		{"broken payload, payload asked", serde.Value, serde.TopicName, serde.CheckPayload, nil, framed(id, "\x00bo"), "no valid com.Note of schema 1"},
		{"good payload", serde.Value, serde.TopicName, serde.CheckPayload, nil, good, ""},
		{"guid", serde.Value, serde.TopicName, serde.CheckID, nil, append(guid, "\x00body=x;"...), ""},
		{"header", serde.Value, serde.RecordName, serde.CheckPayload, append(guid, 1), []byte("body=x;"), ""},
		{"header, broken payload", serde.Value, serde.RecordName, serde.CheckPayload, append(guid, 1), good, "no valid com.Memo"},
		{"broken header", serde.Value, serde.TopicName, serde.CheckID, []byte{1, 2}, good, "2 bytes"},
		{"header, empty payload", serde.Value, serde.TopicName, serde.CheckID, append(guid, 0), []byte{}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := validator(f, serde.ValidatorOptions{Rigor: tt.rigor})
			for range 2 {
				reason, err := v.Batch().Judge(t.Context(), "notes", tt.field, tt.strategy, tt.header, tt.data)
				if err != nil || (tt.want == "") != (reason == "") || !strings.Contains(reason, tt.want) {
					t.Fatalf("reason %q, error %v; want %q", reason, err, tt.want)
				}
			}
		})
	}
}

func TestVerdictsAreRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		v := validator(f, serde.ValidatorOptions{})
		judge := func(wantPass bool) {
			t.Helper()
			reason, err := v.Batch().Judge(t.Context(), "notes", serde.Value, serde.TopicName, nil, framed(1, "x"))
			if err != nil || (reason == "") != wantPass {
				t.Fatalf("%q, %v", reason, err)
			}
		}
		for range 5 {
			judge(false)
		}
		f.asked(t, "Has notes-value 1", 1)
		f.add("notes-value", "A body")
		time.Sleep(5 * time.Second)
		for range 5 {
			judge(true)
		}
		f.asked(t, "Has notes-value 1", 2)
		time.Sleep(time.Minute)
		judge(true)
		f.asked(t, "Has notes-value 1", 3)

		f.fail(errors.New("down"))
		time.Sleep(time.Minute)
		judge(true) // an old pass outlives a registry that does not answer
		reason, err := v.Batch().Judge(t.Context(), "notes", serde.Value, serde.TopicName, nil, framed(7, "x"))
		if reason != "" || !errors.Is(err, serde.ErrRegistry) {
			t.Fatalf("what is not known cannot be judged: %q, %v", reason, err)
		}
		f.fail(nil)
		f.mu.Lock()
		delete(f.subjects, "notes-value")
		f.mu.Unlock()
		judge(false)
	})
}

// revised is a fake that tells its revision.
type revised struct{ *fake }

func (r revised) Revision() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return uint64(r.next)
}

func TestARevisionEndsEveryVerdictAtOnce(t *testing.T) {
	f := newFake()
	v := validator(revised{f}, serde.ValidatorOptions{})
	for i, wantPass := range []bool{false, false, true, true} {
		if i == 2 {
			f.add("notes-value", "A body")
		}
		reason, err := v.Batch().Judge(t.Context(), "notes", serde.Value, serde.RecordName, nil, framed(1, "\x00"))
		if i >= 2 { // the schema is there now; its record name is another subject
			if err != nil || !strings.Contains(reason, `subject "A"`) {
				t.Fatalf("%q, %v", reason, err)
			}
			reason, err = v.Batch().Judge(t.Context(), "notes", serde.Value, serde.TopicName, nil, framed(1, "\x00"))
		}
		if err != nil || (reason == "") != wantPass {
			t.Fatalf("step %d: %q, %v", i, reason, err)
		}
	}
	f.asked(t, "Has notes-value 1", 1)
	f.asked(t, "ByID 1", 2)
}
