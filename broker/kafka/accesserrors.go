package kafka

import "github.com/pawl-registry/pawl/fault"

// Kafka's error numbers of authentication, authorization and quotas. They reach the wire: frozen.
const (
	topicAuthorizationFailed   = 29
	groupAuthorizationFailed   = 30
	clusterAuthorizationFailed = 31
	unsupportedSASLMechanism   = 33
	illegalSASLState           = 34
	transactionalIDAuthFailed  = 53
	securityDisabled           = 54
	operationNotAttempted      = 55
	saslAuthenticationFailed   = 58
	resourceNotFound           = 91
	duplicateResource          = 92
	unacceptableCredential     = 93
)

var (
	errTopicDenied = fault.NewCode(fault.Forbidden, "topic_authorization_failed")
	errTxnDenied   = fault.NewCode(fault.Forbidden, "transactional_id_authorization_failed")
)

// deniedText is what Kafka says with most refusals.
const deniedText = "Authorization failed."

func deniedMessage() *string {
	text := deniedText
	return &text
}

func newDenied(code *fault.Code, op, kind, name string) error {
	return fault.New(code, op, "not authorized to access %s %q", kind, name)
}
