// Package batch is the record batch of Kafka's message format v2: its header, checksum, compression and iteration.
//
// A batch is the unit of everything in the broker: it is stored as the client sent it, apart from the base offset and the
// leader epoch, which lie outside its checksum. Packages above handle batches as bytes; only validation and compaction look
// at records.
//
//	 0  base offset            int64
//	 8  batch length           int32   bytes after this field
//	12  partition leader epoch int32
//	16  magic                  int8    2
//	17  crc                    uint32  CRC-32C of everything from byte 21
//	21  attributes             int16   bits 0-2 codec, 3 timestamp type, 4 transactional, 5 control, 6 delete horizon
//	23  last offset delta      int32
//	27  base timestamp         int64   ms
//	35  max timestamp          int64   ms
//	43  producer id            int64
//	51  producer epoch         int16
//	53  base sequence          int32
//	57  record count           int32
//	61  records                        compressed as one block if a codec is set
//
// Source: Kafka protocol guide, "Record Batch". All numbers are big-endian.
package batch

// Offset is the position of a record in a partition.
type Offset int64

// Batch is the bytes of exactly one record batch, header included.
type Batch []byte
