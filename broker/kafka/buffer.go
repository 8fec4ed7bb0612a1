package kafka

import (
	"math/bits"
	"sync"
)

// Buffers for requests and Fetch responses come in classes of powers of two, from 4 KiB to 16 MiB; larger ones are not kept.
const (
	smallestClass = 12
	largestClass  = 24
)

var pools [largestClass + 1]sync.Pool

// buffer is bytes on loan from a pool.
type buffer struct {
	b     []byte
	class int // -1: of no class
}

func classOf(n int) int { return max(bits.Len(uint(max(n-1, 0))), smallestClass) }

// bufferSize is the size of the buffer that takeBuffer returns for n bytes.
func bufferSize(n int) int {
	if class := classOf(n); class <= largestClass {
		return 1 << class
	}
	return n
}

// takeBuffer returns a buffer of at least n bytes, whatever they hold.
func takeBuffer(n int) *buffer {
	class := classOf(n)
	if class > largestClass {
		return &buffer{b: make([]byte, n), class: -1}
	}
	if b, ok := pools[class].Get().(*buffer); ok {
		return b
	}
	return &buffer{b: make([]byte, 1<<class), class: class}
}

// release gives the buffer back; nobody may look at it any more.
func (b *buffer) release() {
	if b.class >= 0 {
		pools[b.class].Put(b)
	}
}
