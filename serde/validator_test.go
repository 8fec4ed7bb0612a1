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
		cause    serde.Cause
	}{
		{"registered", serde.Value, serde.TopicName, serde.CheckID, nil, good, "", ""},
		{"null", serde.Value, serde.TopicName, serde.CheckID, nil, nil, "", ""},
		{"empty", serde.Value, serde.TopicName, serde.CheckID, nil, []byte{}, "value: 0 bytes", serde.NoSchemaID},
		{"plain text", serde.Value, serde.TopicName, serde.CheckID, nil, []byte("hello"), "magic byte", serde.NoSchemaID},
		{"short", serde.Value, serde.TopicName, serde.CheckID, nil, []byte{0, 0, 0}, "3 bytes", serde.NoSchemaID},
		{"unknown id", serde.Value, serde.TopicName, serde.CheckID, nil, framed(99, "x"), `schema 99 is not registered under subject "notes-value"`, serde.NotInSubject},
		{"another subject's id", serde.Value, serde.TopicName, serde.CheckID, nil, framed(2, "x"), `schema 2 is not registered under subject "notes-value"; register it`, serde.NotInSubject},
		{"the key's subject", serde.Key, serde.TopicName, serde.CheckID, nil, good, `"notes-key"`, serde.NotInSubject},
		{"record", serde.Value, serde.RecordName, serde.CheckID, nil, framed(id, "\x01body=x;"), "", ""},
		{"another record", serde.Value, serde.RecordName, serde.CheckID, nil, good, `"com.Note"`, serde.NotInSubject},
		{"topic and record", serde.Value, serde.TopicRecordName, serde.CheckID, nil, good, "", ""},
		{"record of an unknown id", serde.Value, serde.RecordName, serde.CheckID, nil, framed(99, "x"), "value: schema 99 is not in the registry", serde.UnknownSchema},
		{"no such message", serde.Value, serde.RecordName, serde.CheckID, nil, framed(id, "\x07"), "no such message index", serde.UnusableSchema},
		{"a schema that does not parse", serde.Value, serde.RecordName, serde.CheckID, nil, framed(3, "\x00"), "cannot be used", serde.UnusableSchema},
		{"broken payload, id asked", serde.Value, serde.TopicName, serde.CheckID, nil, framed(id, "\x00bo"), "", ""},
		{"broken payload, payload asked", serde.Value, serde.TopicName, serde.CheckPayload, nil, framed(id, "\x00bo"), "no valid com.Note of schema 1", serde.InvalidPayload},
		{"good payload", serde.Value, serde.TopicName, serde.CheckPayload, nil, good, "", ""},
		{"guid", serde.Value, serde.TopicName, serde.CheckID, nil, append(guid, "\x00body=x;"...), "", ""},
		{"header", serde.Value, serde.RecordName, serde.CheckPayload, append(guid, 1), []byte("body=x;"), "", ""},
		{"header, broken payload", serde.Value, serde.RecordName, serde.CheckPayload, append(guid, 1), good, "no valid com.Memo", serde.InvalidPayload},
		{"broken header", serde.Value, serde.TopicName, serde.CheckID, []byte{1, 2}, good, "2 bytes", serde.NoSchemaID},
		{"header, empty payload", serde.Value, serde.TopicName, serde.CheckID, append(guid, 0), []byte{}, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := validator(f, serde.ValidatorOptions{})
			for range 2 {
				rule := serde.Rule{Topic: "notes", Field: tt.field, Strategy: tt.strategy, Rigor: tt.rigor}
				got, err := v.Batch().Judge(t.Context(), rule, tt.header, tt.data)
				if err != nil || (tt.want == "") != got.Passes() || !strings.Contains(got.Reason, tt.want) || got.Cause != tt.cause {
					t.Fatalf("refusal %+v, error %v; want %q, %q", got, err, tt.cause, tt.want)
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
			refusal, err := v.Batch().Judge(t.Context(), serde.Rule{Topic: "notes", Strategy: serde.TopicName}, nil, framed(1, "x"))
			if err != nil || (refusal.Passes()) != wantPass {
				t.Fatalf("%+v, %v", refusal, err)
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
		refusal, err := v.Batch().Judge(t.Context(), serde.Rule{Topic: "notes", Strategy: serde.TopicName}, nil, framed(7, "x"))
		if !refusal.Passes() || !errors.Is(err, serde.ErrRegistry) {
			t.Fatalf("what is not known cannot be judged: %+v, %v", refusal, err)
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
		refusal, err := v.Batch().Judge(t.Context(), serde.Rule{Topic: "notes", Strategy: serde.RecordName}, nil, framed(1, "\x00"))
		if i >= 2 { // the schema is there now; its record name is another subject
			if err != nil || !strings.Contains(refusal.Reason, `subject "A"`) {
				t.Fatalf("%+v, %v", refusal, err)
			}
			refusal, err = v.Batch().Judge(t.Context(), serde.Rule{Topic: "notes", Strategy: serde.TopicName}, nil, framed(1, "\x00"))
		}
		if err != nil || (refusal.Passes()) != wantPass {
			t.Fatalf("step %d: %+v, %v", i, refusal, err)
		}
	}
	f.asked(t, "Has notes-value 1", 1)
	f.asked(t, "ByID 1", 2)
}
