package kafka

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker"
)

// DescribeLogDirs, key 35, versions 1 to 5. All logs are in one directory, whose place is not told; its total and usable bytes
// are not known to the broker (-1).

const logDir = "data"

func describeLogDirs(c *call) message {
	req := c.request.(*kmsg.DescribeLogDirsRequest)
	r := kmsg.NewPtrDescribeLogDirsResponse()
	d := kmsg.NewDescribeLogDirsResponseDir()
	d.Dir, d.TotalBytes, d.UsableBytes = logDir, -1, -1
	if req.Topics == nil {
		for _, t := range c.server.broker.Topics() {
			d.Topics = append(d.Topics, sizes(t, nil))
		}
	}
	for _, asked := range req.Topics {
		if t, err := c.server.broker.Topic(asked.Topic); err == nil {
			d.Topics = append(d.Topics, sizes(t, asked.Partitions))
		}
	}
	r.Dirs = append(r.Dirs, d)
	return r
}

// sizes lists the partitions of a topic, only those asked for if any are.
func sizes(t *broker.Topic, only []int32) kmsg.DescribeLogDirsResponseDirTopic {
	v := kmsg.NewDescribeLogDirsResponseDirTopic()
	v.Topic = t.Name()
	for _, p := range t.Partitions() {
		if only != nil && !slices.Contains(only, p.Index()) {
			continue
		}
		w := kmsg.NewDescribeLogDirsResponseDirTopicPartition()
		w.Partition, w.Size = p.Index(), p.Size()
		v.Partitions = append(v.Partitions, w)
	}
	return v
}
