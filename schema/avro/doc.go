// Package avro is all there is to know of Avro: parse, canonical form, resolution, payloads and their JSON form.
package avro
