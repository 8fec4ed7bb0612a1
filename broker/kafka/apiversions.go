package kafka

import "github.com/twmb/franz-go/pkg/kmsg"

// ApiVersions, key 18, versions 0 to 4. Of the features that Kafka knows, transaction.version is finalized at 2 (KIP-890) and
// group.version at 1 (KIP-848).
//
// The table is advertised as it is, Produce from 0 although 0 to 2 are refused: older librdkafka switches compression off
// otherwise (KAFKA-18659). A version above ours is answered with error 35 and a body of version 0 (KIP-511).

func apiVersions(c *call) message {
	r := versions()
	if c.version < 4 {
		r.SupportedFeatures = nil // clients of that age fail on a lowest level of 0, as Kafka found out (KAFKA-17492)
	}
	return r
}

func versions() *kmsg.ApiVersionsResponse {
	r := kmsg.NewPtrApiVersionsResponse()
	for _, a := range table() {
		k := kmsg.NewApiVersionsResponseApiKey()
		k.ApiKey, k.MinVersion, k.MaxVersion = a.key, a.min, a.max
		r.ApiKeys = append(r.ApiKeys, k)
	}
	r.SupportedFeatures, r.FinalizedFeatures, r.FinalizedFeaturesEpoch = supportedFeatures(), finalizedFeatures(), 0
	return r
}

// features are what requests alone do not say, with the level that is finalized, which is also the highest supported.
var features = []struct {
	name  string
	level int16
}{
	{"group.version", 1},
	{"transaction.version", 2},
}

func supportedFeatures() (all []kmsg.ApiVersionsResponseSupportedFeature) {
	for _, f := range features {
		v := kmsg.NewApiVersionsResponseSupportedFeature()
		v.Name, v.MinVersion, v.MaxVersion = f.name, 0, f.level
		all = append(all, v)
	}
	return all
}

func finalizedFeatures() (all []kmsg.ApiVersionsResponseFinalizedFeature) {
	for _, f := range features {
		v := kmsg.NewApiVersionsResponseFinalizedFeature()
		v.Name, v.MinVersionLevel, v.MaxVersionLevel = f.name, f.level, f.level
		all = append(all, v)
	}
	return all
}

func unsupportedAPIVersions() kmsg.Response {
	r := versions()
	r.ErrorCode = unsupportedVersion
	r.SetVersion(0)
	return r
}
