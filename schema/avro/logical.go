package avro

import (
	"math"
	"strconv"
)

// logical is a recognised logical type. One that does not fit its type, or whose parameters are wrong, is not recognised: the
// Avro specification, section Logical Types, asks to ignore it.
type logical uint8

const (
	noLogical logical = iota
	logicalDecimal
	logicalOther
)

// logicalKinds are the logical types without parameters and the kinds they may annotate.
var logicalKinds = map[string][]kind{
	"uuid":                   {kindString, kindFixed},
	"date":                   {kindInt},
	"time-millis":            {kindInt},
	"time-micros":            {kindLong},
	"timestamp-millis":       {kindLong},
	"timestamp-micros":       {kindLong},
	"timestamp-nanos":        {kindLong},
	"local-timestamp-millis": {kindLong},
	"local-timestamp-micros": {kindLong},
	"local-timestamp-nanos":  {kindLong},
	"duration":               {kindFixed},
	"big-decimal":            {kindBytes},
}

func logicalOf(n *node) logical {
	p := n.prop("logicalType")
	if p == nil || p.kind != jsonString {
		return noLogical
	}
	if p.text == "decimal" {
		if n.validDecimal() {
			return logicalDecimal
		}
		return noLogical
	}
	for _, k := range logicalKinds[p.text] {
		if k == n.kind && fixedFits(n, p.text) {
			return logicalOther
		}
	}
	return noLogical
}

func fixedFits(n *node, name string) bool {
	if n.kind != kindFixed {
		return true
	}
	return name == "uuid" && n.named.size == 16 || name == "duration" && n.named.size == 12
}

func (n *node) prop(key string) *value {
	for i := range n.props {
		if n.props[i].key == key {
			return &n.props[i].val
		}
	}
	return nil
}

// intProp returns an integer attribute of 32 bits. One that is absent reads as absent.
func (n *node) intProp(key string, absent int) (int, bool) {
	p := n.prop(key)
	if p == nil {
		return absent, true
	}
	if p.kind != jsonInt {
		return 0, false
	}
	i, err := strconv.ParseInt(p.text, 10, 32)
	return int(i), err == nil
}

func (n *node) validDecimal() bool {
	if n.kind != kindBytes && n.kind != kindFixed {
		return false
	}
	precision, ok := n.intProp("precision", 0)
	scale, ok2 := n.intProp("scale", 0)
	return ok && ok2 && precision > 0 && scale >= 0 && scale <= precision && precision <= n.maxPrecision()
}

// maxPrecision is the number of decimal digits that always fit.
func (n *node) maxPrecision() int {
	if n.kind == kindBytes {
		return math.MaxInt32
	}
	// floor(log10(2^(8*size-1) - 1)); the subtraction never crosses a power of ten for a positive size.
	return int(math.Floor(math.Log10(2) * float64(8*n.named.size-1)))
}
