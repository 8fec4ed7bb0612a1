package rest

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/internal/auth"
	"github.com/pawl-registry/pawl/openapi"
	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/schema"
)

// The failures of the protocol itself.
var (
	errNotFound         = fault.NewCode(fault.NotFound, "http_not_found")
	errMethodNotAllowed = fault.NewCode(fault.Invalid, "http_method_not_allowed")
	errNotAcceptable    = fault.NewCode(fault.Invalid, "http_not_acceptable")
	errUnsupportedMedia = fault.NewCode(fault.Invalid, "http_unsupported_media_type")
	errBadRequest       = fault.NewCode(fault.Invalid, "http_bad_request")
	errNoBody           = fault.NewCode(fault.Invalid, "http_no_body")
	errBodyTooLarge     = fault.NewCode(fault.Invalid, "http_body_too_large")
	errStarting         = fault.NewCode(fault.Unavailable, "starting")
)

// number is what a failure is on the wire.
type number struct{ status, code int }

// numbers is the one table of failures (Confluent Schema Registry: Errors and RestException).
var numbers = map[*fault.Code]number{
	errNotFound:         {404, 404},
	errMethodNotAllowed: {405, 405},
	errNotAcceptable:    {406, 406},
	errUnsupportedMedia: {415, 415},
	errBadRequest:       {400, 400},
	errNoBody:           {422, 422},
	errBodyTooLarge:     {413, 413},
	errStarting:         {503, 503},
	errBusy:             {503, 503},

	auth.ErrUnauthenticated: {401, 401},
	auth.ErrDenied:          {403, 403},
	auth.ErrUnavailable:     {503, 503},

	registry.ErrSubjectNotFound:       {404, 40401},
	registry.ErrVersionNotFound:       {404, 40402},
	registry.ErrSchemaNotFound:        {404, 40403},
	registry.ErrSubjectSoftDeleted:    {404, 40404},
	registry.ErrSubjectNotSoftDeleted: {404, 40405},
	registry.ErrVersionSoftDeleted:    {404, 40406},
	registry.ErrVersionNotSoftDeleted: {404, 40407},
	registry.ErrNoSubjectConfig:       {404, 40408},
	registry.ErrNoSubjectMode:         {404, 40409},
	registry.ErrIncompatible:          {409, 40901},
	registry.ErrInvalidSchema:         {422, 42201},
	registry.ErrInvalidVersion:        {422, 42202},
	registry.ErrInvalidLevel:          {422, 42203},
	registry.ErrInvalidMode:           {422, 42204},
	registry.ErrNotPermitted:          {422, 42205},
	registry.ErrReferenceExists:       {422, 42206},
	registry.ErrInvalidSubject:        {422, 42208},
	registry.ErrSchemaTooLarge:        {422, 42209},
	registry.ErrInvalidRuleSet:        {422, 42210},
	registry.ErrContextNotEmpty:       {422, 42211},
	registry.ErrAssociationNotFound:   {404, 40410},
	registry.ErrAssociationExists:     {409, 40903},
	registry.ErrSubjectAssociated:     {409, 40904},
	registry.ErrStronglyAssociated:    {409, 40905},
	registry.ErrNoActiveVersion:       {409, 40907},
	registry.ErrAssociationFrozen:     {409, 40908},
	registry.ErrInvalidAssociation:    {422, 42212},
	registry.ErrKMSDenied:             {403, 40370},
	registry.ErrKeyNotFound:           {404, 40470},
	registry.ErrKeyNotSoftDeleted:     {404, 40471},
	registry.ErrKeySoftDeleted:        {404, 40472},
	registry.ErrKeyExists:             {409, 40971},
	registry.ErrTooManyKeys:           {409, 40972},
	registry.ErrInvalidKey:            {422, 42271},
	registry.ErrKeyReferenced:         {422, 42272},
	registry.ErrKMS:                   {500, 50070},
	registry.ErrStore:                 {503, 50001}, // Confluent answers 500, which load balancers take for an answer
	registry.ErrStale:                 {503, 50001},
	registry.ErrClosed:                {503, 50001},
	registry.ErrTimeout:               {500, 50002},
	registry.ErrCorrupt:               {500, 500},

	schema.ErrInvalid:         {422, 42201},
	schema.ErrUnknownFormat:   {422, 42201},
	schema.ErrMessageNotFound: {422, 42201},
	schema.ErrPayload:         {422, 42201},
}

// kinds stands in for codes that are not in the table.
var kinds = map[fault.Kind]number{
	fault.Invalid:     {422, 422},
	fault.NotFound:    {404, 404},
	fault.Conflict:    {409, 409},
	fault.Forbidden:   {422, 42205},
	fault.Unavailable: {503, 50001},
	fault.Internal:    {500, 500},
}

func numberOf(err error) number {
	if n, known := numbers[fault.CodeOf(err)]; known {
		return n
	}
	return kinds[fault.KindOf(err)]
}

// fail answers an error. What lies behind a fault of the server goes to the log and not to the caller.
func (x *exchange) fail(err error) {
	n := numberOf(err)
	if n.status >= http.StatusInternalServerError && !errors.Is(err, errStarting) {
		x.s.log.LogAttrs(x.r.Context(), slog.LevelError, "request failed", slog.String("request_id", x.id),
			slog.String("method", x.r.Method), slog.String("path", x.r.URL.Path), slog.Any("error", err))
	}
	x.code = n.code
	x.write(errorReply(n.status, errorOf(err)))
}

// errorOf returns the body of a failure.
func errorOf(err error) openapi.Error {
	n, message := numberOf(err), fault.DetailOf(err)
	if fault.KindOf(err) == fault.Internal {
		message = ""
	}
	if message == "" {
		message = http.StatusText(n.status)
	}
	return openapi.Error{ErrorCode: n.code, Message: message}
}

func notFound() error { return fault.New(errNotFound, "rest", "HTTP 404 Not Found") }
