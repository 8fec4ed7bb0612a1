package kafka

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// api is what is served of one key.
type api struct {
	key      int16
	name     string
	min, max int16 // advertised
	maxBytes int   // of a request; 0: MaxRequestBytes
	aliased  bool  // the broker keeps parts of the request: its buffer is not used again
	shape    string
	handle   func(*call) message

	parsed shape
}

// limit is the largest request of the key, in bytes after the size.
func (a *api) limit(s *Server) int {
	if a.maxBytes == 0 {
		return s.opts.MaxRequestBytes
	}
	return a.maxBytes
}

// expansion is how many bytes of memory a byte of the request may cost once decoded. A Produce is decoded in place.
func (a *api) expansion() int64 {
	if a.key == produceKey {
		return 1
	}
	return 16
}

// fits measures a body against the shape of the request. Bytes after it are passed over, as Kafka does: librdkafka, asked for
// all topics, leaves three behind a Metadata request.
func (a *api) fits(version int16, flexible bool, body []byte) error {
	if _, err := a.parsed.fits(a.key, version, flexible, body); err != nil {
		return fmt.Errorf("%w: %s version %d does not parse: %w", errNoFrame, a.name, version, err)
	}
	return nil
}

// call is one request on its way through a handler.
type call struct {
	ctx     context.Context
	server  *Server
	conn    *conn
	client  string
	version int16
	request kmsg.Request
}

// Bounds of requests, in bytes. A commit or an assignment of ten thousand partitions fits into the larger one.
const (
	small = 64 << 10
	large = 8 << 20
)

// table lists the keys served, in order.
func table() []api {
	return []api{
		{key: 0, name: "Produce", min: 0, max: 13, shape: "3+:s 2 4 [ -12:s 13+:16 [ 4 b ] ]"},
		{key: 1, name: "Fetch", min: 4, max: 18, maxBytes: large, shape: "-14:4 4 4 3+:4 4+:1 7+:4 7+:4 [ -12:s 13+:16 [ 4 9+:4 8 12+:4 5+:8 4 ] ] 7+:[ -12:s 13+:16 ( 4 ) ] 11+:s", handle: fetch},
		{key: 2, name: "ListOffsets", min: 1, max: 11, maxBytes: large, shape: "4 2+:1 [ s [ 4 4+:4 8 ] ] 10+:4", handle: listOffsets},
		{key: 3, name: "Metadata", min: 0, max: 13, maxBytes: large, shape: "[ 10+:16 s ] 4+:1 8-10:1 8+:1", handle: metadata},
		{key: 8, name: "OffsetCommit", min: 2, max: 10, maxBytes: large, shape: "s 4 s 7+:s 2-4:8 [ -9:s 10+:16 [ 4 8 6+:4 s ] ]", handle: offsetCommit},
		{key: 9, name: "OffsetFetch", min: 1, max: 10, maxBytes: large, shape: "-7:s -7:[ s ( 4 ) ] 8+:[ s 9+:s 9+:4 [ -9:s 10+:16 ( 4 ) ] ] 7+:1", handle: offsetFetch},
		{key: 10, name: "FindCoordinator", min: 0, max: 6, maxBytes: large, shape: "-3:s 1+:1 4+:( s )", handle: findCoordinator},
		{key: 11, name: "JoinGroup", min: 0, max: 9, maxBytes: large, aliased: true, shape: "s 4 1+:4 s 5+:s s [ s b ] 8+:s", handle: joinGroup},
		{key: 12, name: "Heartbeat", min: 0, max: 4, maxBytes: small, shape: "s 4 s 3+:s", handle: heartbeat},
		{key: 13, name: "LeaveGroup", min: 0, max: 5, maxBytes: large, shape: "s -2:s 3+:[ s s 5+:s ]", handle: leaveGroup},
		{key: 14, name: "SyncGroup", min: 0, max: 5, maxBytes: large, aliased: true, shape: "s 4 s 3+:s 5+:s 5+:s [ s b ]", handle: syncGroup},
		{key: 15, name: "DescribeGroups", min: 0, max: 6, maxBytes: large, shape: "( s ) 3+:1", handle: describeGroups},
		{key: 16, name: "ListGroups", min: 0, max: 5, maxBytes: small, shape: "4+:( s ) 5+:( s )", handle: listGroups},
		{key: 17, name: "SaslHandshake", min: 0, max: 1, maxBytes: small, shape: "s"},
		{key: 18, name: "ApiVersions", min: 0, max: 4, maxBytes: small, shape: "3+:s 3+:s", handle: apiVersions},
		{key: 19, name: "CreateTopics", min: 2, max: 7, maxBytes: large, shape: "[ s 4 2 [ 4 ( 4 ) ] [ s s ] ] 4 1", handle: createTopics},
		{key: 20, name: "DeleteTopics", min: 1, max: 6, maxBytes: large, shape: "-5:( s ) 6+:[ s 16 ] 4", handle: deleteTopics},
		{key: 21, name: "DeleteRecords", min: 0, max: 2, maxBytes: large, shape: "[ s [ 4 8 ] ] 4", handle: deleteRecords},
		{key: 22, name: "InitProducerId", min: 0, max: 5, maxBytes: small, shape: "s 4 3+:8 3+:2", handle: initProducerID},
		{key: 23, name: "OffsetForLeaderEpoch", min: 2, max: 4, maxBytes: large, shape: "3+:4 [ s [ 4 4 4 ] ]", handle: offsetForLeaderEpoch},
		{key: 24, name: "AddPartitionsToTxn", min: 0, max: 5, maxBytes: large, shape: "-3:s -3:8 -3:2 -3:[ s ( 4 ) ] 4+:[ s 8 2 1 [ s ( 4 ) ] ]", handle: addPartitionsToTxn},
		{key: 25, name: "AddOffsetsToTxn", min: 0, max: 4, maxBytes: small, shape: "s 8 2 s", handle: addOffsetsToTxn},
		{key: 26, name: "EndTxn", min: 0, max: 5, maxBytes: small, shape: "s 8 2 1", handle: endTxn},
		{key: 28, name: "TxnOffsetCommit", min: 0, max: 5, maxBytes: large, shape: "s s 8 2 3+:4 3+:s 3+:s [ s [ 4 8 2+:4 s ] ]", handle: txnOffsetCommit},
		{key: 29, name: "DescribeAcls", min: 1, max: 3, maxBytes: small, shape: "1 s 1 s s 1 1", handle: describeACLs},
		{key: 30, name: "CreateAcls", min: 1, max: 3, maxBytes: large, shape: "[ 1 s 1 s s 1 1 ]", handle: createACLs},
		{key: 31, name: "DeleteAcls", min: 1, max: 3, maxBytes: large, shape: "[ 1 s 1 s s 1 1 ]", handle: deleteACLs},
		{key: 32, name: "DescribeConfigs", min: 1, max: 4, maxBytes: large, shape: "[ 1 s ( s ) ] 1 3+:1", handle: describeConfigs},
		{key: 33, name: "AlterConfigs", min: 0, max: 2, maxBytes: large, shape: "[ 1 s [ s s ] ] 1", handle: alterConfigs},
		{key: 35, name: "DescribeLogDirs", min: 1, max: 5, maxBytes: large, shape: "[ s ( 4 ) ]", handle: describeLogDirs},
		{key: 36, name: "SaslAuthenticate", min: 0, max: 2, maxBytes: small, shape: "b"},
		{key: 37, name: "CreatePartitions", min: 0, max: 3, maxBytes: large, shape: "[ s 4 [ ( 4 ) ] ] 4 1", handle: createPartitions},
		{key: 42, name: "DeleteGroups", min: 0, max: 2, maxBytes: large, shape: "( s )", handle: deleteGroups},
		{key: 43, name: "ElectLeaders", min: 0, max: 2, maxBytes: large, shape: "1+:1 [ s ( 4 ) ] 4", handle: electLeaders},
		{key: 44, name: "IncrementalAlterConfigs", min: 0, max: 1, maxBytes: large, shape: "[ 1 s [ s 1 s ] ] 1", handle: incrementalAlterConfigs},
		{key: 45, name: "AlterPartitionReassignments", min: 0, max: 1, maxBytes: large, shape: "4 1+:1 [ s [ 4 ( 4 ) ] ]", handle: alterReassignments},
		{key: 46, name: "ListPartitionReassignments", min: 0, max: 0, maxBytes: large, shape: "4 [ s ( 4 ) ]", handle: listReassignments},
		{key: 47, name: "OffsetDelete", min: 0, max: 0, maxBytes: large, shape: "s [ s [ 4 ] ]", handle: offsetDelete},
		{key: 48, name: "DescribeClientQuotas", min: 0, max: 1, maxBytes: small, shape: "[ s 1 s ] 1", handle: describeClientQuotas},
		{key: 49, name: "AlterClientQuotas", min: 0, max: 1, maxBytes: large, shape: "[ [ s s ] [ s 8 1 ] ] 1", handle: alterClientQuotas},
		{key: 50, name: "DescribeUserScramCredentials", min: 0, max: 0, maxBytes: large, shape: "[ s ]", handle: describeUserSCRAM},
		{key: 51, name: "AlterUserScramCredentials", min: 0, max: 0, maxBytes: large, shape: "[ s 1 ] [ s 1 4 b b ]", handle: alterUserSCRAM},
		{key: 57, name: "UpdateFeatures", min: 0, max: 2, maxBytes: small, shape: "4 [ s 2 -0:1 1+:1 ] 1+:1", handle: updateFeatures},
		{key: 60, name: "DescribeCluster", min: 0, max: 2, maxBytes: small, shape: "1 1+:1 2+:1", handle: describeCluster},
		{key: 61, name: "DescribeProducers", min: 0, max: 0, maxBytes: large, shape: "[ s ( 4 ) ]", handle: describeProducers},
		{key: 65, name: "DescribeTransactions", min: 0, max: 0, maxBytes: large, shape: "( s )", handle: describeTransactions},
		{key: 66, name: "ListTransactions", min: 0, max: 2, maxBytes: large, shape: "( s ) ( 8 ) 1+:8 2+:s", handle: listTransactions},
		{key: 68, name: "ConsumerGroupHeartbeat", min: 0, max: 1, maxBytes: large, shape: "s s 4 s s 4 ( s ) 1+:s s [ 16 ( 4 ) ]", handle: consumerGroupHeartbeat},
		{key: 69, name: "ConsumerGroupDescribe", min: 0, max: 1, maxBytes: large, shape: "( s ) 1", handle: consumerGroupDescribe},
		{key: 74, name: "ListConfigResources", min: 0, max: 1, maxBytes: small, shape: "1+:( 1 )", handle: listConfigResources},
		{key: 75, name: "DescribeTopicPartitions", min: 0, max: 0, maxBytes: large, shape: "[ s ] 4 { s 4 }", handle: describeTopicPartitions},
	}
}

// The keys that are treated apart.
const (
	produceKey     = 0
	fetchKey       = 1
	apiVersionsKey = 18

	saslHandshakeKey    = 17
	saslAuthenticateKey = 36
)

// accept makes the task of a frame.
func (c *conn) accept(ctx context.Context, f frame) (task, error) {
	t := task{correlation: f.correlation, release: f.release}
	if f.api.key == apiVersionsKey && (f.version < 0 || f.version > f.api.max) {
		// Answered before anything else is read of it: what a version of the future holds cannot be known.
		t.finish = func(context.Context) (message, error) { return unsupportedAPIVersions(), nil }
		return t, nil
	}
	if f.version < f.api.min || f.version > f.api.max {
		return task{}, fmt.Errorf("%w: %s version %d; served are %d to %d", errNoFrame, f.api.name, f.version, f.api.min, f.api.max)
	}
	request := kmsg.RequestForKey(f.api.key)
	request.SetVersion(f.version)
	t.flexible = request.IsFlexible() && f.api.key != apiVersionsKey
	client, body, err := f.client(request.IsFlexible())
	if err != nil {
		return task{}, err
	}
	ctx, finished := c.traced(ctx, f, client)
	if f.api.key == produceKey {
		if err := f.api.fits(f.version, t.flexible, body); err != nil {
			return task{}, err
		}
		t.finish = finished(c.charged(client, len(body), c.produce(ctx, client, f.version, body)))
		f.release() // the records are in their logs' hands
		t.release = func() {}
		return t, nil
	}
	if f.api.key == saslHandshakeKey || f.api.key == saslAuthenticateKey {
		if err := f.api.decode(request, body); err != nil {
			return task{}, err
		}
		return t, c.authenticate(ctx, &t, request)
	}
	t.finish = finished(func(ctx context.Context) (message, error) {
		return c.handle(&call{ctx: ctx, server: c.server, conn: c, client: client, version: f.version, request: request}, f.api, body)
	})
	return t, nil
}

// finisher does what is left of a request.
type finisher func(context.Context) (message, error)

// traced returns the context to serve a request in, and what has the end of the request told.
func (c *conn) traced(ctx context.Context, f frame, client string) (context.Context, func(finisher) finisher) {
	if c.server.opts.Trace == nil {
		return ctx, func(f finisher) finisher { return f }
	}
	within, ended := c.server.opts.Trace(ctx, f.api.name, f.version, client, c.net.RemoteAddr().String())
	return within, func(finish finisher) finisher {
		return func(context.Context) (message, error) { // whose context is the one that within was made of
			m, err := finish(within)
			ended(err)
			return m, err
		}
	}
}

// decode reads a request, once it has been walked along its shape.
func (a *api) decode(request kmsg.Request, body []byte) error {
	if err := a.fits(request.GetVersion(), request.IsFlexible(), body); err != nil {
		return err
	}
	if err := request.ReadFrom(body); err != nil {
		return fmt.Errorf("%w: %s version %d does not parse: %w", errNoFrame, a.name, request.GetVersion(), err)
	}
	return nil
}

// handle decodes a request and serves it.
func (c *conn) handle(call *call, a *api, body []byte) (message, error) {
	if err := a.decode(call.request, body); err != nil {
		return nil, err
	}
	m, err := call.serve(a)
	if err != nil {
		return nil, err
	}
	if r, ok := m.(kmsg.Response); ok {
		r.SetVersion(call.version)
	}
	return m, nil
}
