package kafka

import "github.com/twmb/franz-go/pkg/kmsg"

// ApiVersions, key 18, versions 0 to 4. No features are finalized: those that Kafka knows (transaction.version, group.version)
// belong to requests that are not served.
//
// The table is advertised as it is, Produce from 0 although 0 to 2 are refused: older librdkafka switches compression off
// otherwise (KAFKA-18659). A version above ours is answered with error 35 and a body of version 0 (KIP-511).

func apiVersions(*call) message { return versions() }

func versions() *kmsg.ApiVersionsResponse {
	r := kmsg.NewPtrApiVersionsResponse()
	for _, a := range table() {
		k := kmsg.NewApiVersionsResponseApiKey()
		k.ApiKey, k.MinVersion, k.MaxVersion = a.key, a.min, a.max
		r.ApiKeys = append(r.ApiKeys, k)
	}
	return r
}

func unsupportedAPIVersions() kmsg.Response {
	r := versions()
	r.ErrorCode = unsupportedVersion
	r.SetVersion(0)
	return r
}
