package rest

import (
	"errors"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/openapi"
	"github.com/pawl-registry/pawl/registry"
)

// checkVersion answers POST /compatibility/subjects/{subject}/versions/{version}.
func (s *server) checkVersion(x *exchange) (reply, error) {
	version, err := x.versionParam()
	if err != nil {
		return reply{}, err
	}
	sub, err := s.submitted(x)
	if err != nil {
		return reply{}, err
	}
	check, err := s.reg.Compatibility(x.ctx(), sub, version)
	return verdict(x, check, err)
}

// checkAll answers POST /compatibility/subjects/{subject}/versions.
func (s *server) checkAll(x *exchange) (reply, error) {
	sub, err := s.submitted(x)
	if err != nil {
		return reply{}, err
	}
	check, err := s.reg.CompatibilityAll(x.ctx(), sub)
	return verdict(x, check, err)
}

// verdict answers a check. A schema that is none is a failure, except to a client that wants to read the reasons.
func verdict(x *exchange, check registry.Check, err error) (reply, error) {
	verbose := x.flag("verbose")
	if verbose && errors.Is(err, registry.ErrInvalidSchema) {
		return ok(openapi.Compatibility{Messages: &[]string{fault.DetailOf(err)}})
	}
	if err != nil {
		return reply{}, err
	}
	out := openapi.Compatibility{IsCompatible: check.Compatible()}
	if verbose {
		messages := check.Messages()
		out.Messages = &messages
	}
	return ok(out)
}
