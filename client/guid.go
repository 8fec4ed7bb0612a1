package client

import (
	"context"
	"fmt"

	"github.com/pawl-registry/pawl/schema"
)

// ByGUID returns the schema of a GUID with its ID in the default context, or 0 if it has none there. With it a Client also
// reads records that name their schemas by GUID.
func (c *Client) ByGUID(ctx context.Context, guid schema.GUID) (schema.Registered, error) {
	s, err := c.SchemaByGUID(ctx, guid.String())
	if err != nil {
		return schema.Registered{}, err
	}
	ids, err := c.IDsByGUID(ctx, guid.String())
	if err != nil {
		return schema.Registered{}, err
	}
	r := schema.Registered{Subject: s.Subject, Version: s.Version, GUID: guid.String(), Format: s.SchemaType, Text: s.Schema}
	scope := s.Subject
	for _, id := range ids {
		switch {
		case id.Context == defaultContext:
			r.ID = schema.ID(id.ID)
			scope = ""
		case r.ID == 0 && scope == "":
			scope = fmt.Sprintf(":%s:", id.Context) // where its references are to be looked for
		}
	}
	r.References = qualified(s.References, scope)
	return r, nil
}

const defaultContext = "."
