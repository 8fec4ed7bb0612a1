package kafka

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/fault"
)

// UpdateFeatures, key 57, versions 0 to 2 (KIP-584). The levels are those that the broker was built for: setting one to what it
// is succeeds, anything else is refused. From version 2 on the first refusal stands for all.

// errFeature: a feature cannot be set to the level.
var errFeature = fault.NewCode(fault.Invalid, "invalid_update_version")

func updateFeatures(c *call) message {
	req := c.request.(*kmsg.UpdateFeaturesRequest)
	r := kmsg.NewPtrUpdateFeaturesResponse()
	for _, asked := range req.FeatureUpdates {
		err := checkFeature(asked.Feature, asked.MaxVersionLevel)
		if err != nil && c.version >= 2 {
			r.ErrorCode, r.ErrorMessage = c.server.numberOf(err), textOf(err)
			return r
		}
		v := kmsg.NewUpdateFeaturesResponseResult()
		v.Feature = asked.Feature
		v.ErrorCode, v.ErrorMessage = c.server.numberOf(err), textOf(err)
		r.Results = append(r.Results, v)
	}
	return r
}

func checkFeature(name string, level int16) error {
	const op = "kafka.UpdateFeatures"
	for _, f := range features {
		if f.name != name {
			continue
		}
		if f.level != level {
			return fault.New(errFeature, op, "feature %s is at level %d, which does not change while the broker runs", name, f.level)
		}
		return nil
	}
	names := make([]string, len(features))
	for i, f := range features {
		names[i] = f.name
	}
	slices.Sort(names)
	return fault.New(errFeature, op, "the broker does not support feature %q; it has %v", name, names)
}

func guardUpdateFeatures(c *call, next func(*call) message) message {
	if c.mayAlterCluster() {
		return next(c)
	}
	r := kmsg.NewPtrUpdateFeaturesResponse()
	r.ErrorCode, r.ErrorMessage = clusterAuthorizationFailed, deniedMessage()
	return r
}
