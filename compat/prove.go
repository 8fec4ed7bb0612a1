package compat

import (
	"context"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// Proof shows a finding by example.
type Proof struct {
	JSON    string // what the writer's schema takes, in the format's JSON form
	Refusal string // why the reader's schema does not
}

// Prove looks for a proof of the finding, made when next was checked. The search is bounded and ends with ctx. ok is false if the
// format cannot prove, or found nothing; the finding stands all the same.
func (f Finding) Prove(ctx context.Context, next schema.Schema) (p Proof, ok bool) {
	reader, writer := next, f.Old.Schema
	if f.Direction == OldReadsNew {
		reader, writer = writer, reader
	}
	prover, can := reader.(schema.Prover)
	if !can || f.TypeMismatch {
		return Proof{}, false
	}
	payload, refusal, found := prover.Prove(ctx, writer)
	if !found {
		return Proof{}, false
	}
	m, err := writer.Message("")
	if err != nil {
		return Proof{}, false
	}
	text, err := m.AppendJSON(nil, payload)
	if err != nil {
		return Proof{}, false
	}
	return Proof{JSON: string(text), Refusal: fault.DetailOf(refusal)}, true
}
