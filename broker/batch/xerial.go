package batch

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// The framing of the xerial snappy library, which Java clients write and every consumer of snappy must read:
//
//	 0  magic               8 bytes, xerialMagic
//	 8  version             int32
//	12  compatible version  int32
//	16  blocks, each: length int32, then a raw snappy block of that many bytes
//
// Source: xerial/snappy-java, SnappyOutputStream.
var xerialMagic = []byte{0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0}

const xerialHeader = 16

func isXerial(src []byte) bool { return len(src) >= xerialHeader && bytes.HasPrefix(src, xerialMagic) }

func (t *buffer) unxerial(src []byte, maxBytes int) error {
	for rest := src[xerialHeader:]; len(rest) > 0; {
		if len(rest) < 4 {
			return errors.New("a block's length is cut off")
		}
		n := binary.BigEndian.Uint32(rest)
		rest = rest[4:]
		if uint64(n) > uint64(len(rest)) {
			return errors.New("a block is cut off")
		}
		if err := t.appendSnappy(rest[:n], maxBytes); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}
