package batch

import (
	"encoding/binary"

	"github.com/pawl-registry/pawl/fault"
)

// ControlType is what a control record says. The numbers reach the wire and the disk: frozen.
type ControlType int16

// The control records that end a transaction.
const (
	Abort  ControlType = 0
	Commit ControlType = 1
)

// Marker ends a transaction of one producer in one partition.
type Marker struct {
	Type             ControlType // Abort or Commit
	ProducerID       int64
	ProducerEpoch    int16
	CoordinatorEpoch int32
	Timestamp        int64 // milliseconds since the Unix epoch
}

// BuildMarker returns the control batch of a marker, which takes one offset. Source: Kafka's EndTxnMarker and
// ControlRecordType schemas, version 0.
func BuildMarker(m Marker) Batch {
	key := binary.BigEndian.AppendUint16([]byte{0, 0}, uint16(m.Type))
	value := binary.BigEndian.AppendUint32([]byte{0, 0}, uint32(m.CoordinatorEpoch))
	b, err := Build(nil, Spec{
		Transactional: true, Control: true, Producer: &Producer{ID: m.ProducerID, Epoch: m.ProducerEpoch, BaseSequence: noProducer},
	}, []Record{{Timestamp: m.Timestamp, Key: key, Value: value}})
	if err != nil {
		panic("batch: a marker of fixed size did not build: " + err.Error())
	}
	return b
}

// ControlType returns what a control record says; types that are not known here are returned as they are. It fails with
// ErrRecord if the key is too short to hold one.
func (r Record) ControlType() (ControlType, error) {
	if len(r.Key) < 4 {
		return 0, fault.New(ErrRecord, "batch.ControlType", "a control key of %d bytes", len(r.Key))
	}
	return ControlType(binary.BigEndian.Uint16(r.Key[2:])), nil
}
