package hostile_test

import (
	"encoding/binary"
	"hash/crc32"
)

// goodBatch is one record batch of one record, made by hand from the protocol guide.
func goodBatch() []byte {
	record := []byte{0, 0, 0, 1, 2, 'v', 0} // attributes, timestamp delta, offset delta, null key, one byte of value, no headers
	record = append([]byte{byte(len(record) << 1)}, record...)
	b := make([]byte, 61, 61+len(record))
	binary.BigEndian.PutUint32(b[8:], uint32(61-12+len(record)))
	b[16] = 2
	for i := 43; i < 57; i++ {
		b[i] = 0xff // no producer id, epoch or sequence
	}
	binary.BigEndian.PutUint32(b[57:], 1)
	return resum(append(b, record...))
}

// resum writes the right checksum.
func resum(b []byte) []byte {
	binary.BigEndian.PutUint32(b[17:], crc32.Checksum(b[21:], crc32.MakeTable(crc32.Castagnoli)))
	return b
}
