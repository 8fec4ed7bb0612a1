package kafka

import "github.com/twmb/franz-go/pkg/kmsg"

// DeleteTopics, key 20, versions 1 to 6; from version 6 a topic may be named by its id. The answer comes when the records are gone.

func deleteTopics(c *call) message {
	req := c.request.(*kmsg.DeleteTopicsRequest)
	r := kmsg.NewPtrDeleteTopicsResponse()
	asked := req.Topics
	for _, name := range req.TopicNames {
		t := kmsg.NewDeleteTopicsRequestTopic()
		t.Topic = &name
		asked = append(asked, t)
	}
	for _, one := range asked {
		v := kmsg.NewDeleteTopicsResponseTopic()
		v.Topic, v.TopicID = one.Topic, one.TopicID
		t, err := c.server.topic(one.Topic == nil, str(one.Topic), one.TopicID)
		if err == nil {
			name := t.Name()
			v.Topic, v.TopicID = &name, t.ID()
			err = c.server.broker.DeleteTopic(c.ctx, t)
		}
		v.ErrorCode, v.ErrorMessage = c.server.numberOf(err), textOf(err)
		r.Topics = append(r.Topics, v)
	}
	return r
}
