package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/openapi"
)

// Scope says whether a setting is asked for as it is stored under exactly one name, or as it is in force there.
type Scope uint8

const (
	// Stored asks for what is stored under the name; nothing there is a failure.
	Stored Scope = iota
	// InForce asks for what applies to the name.
	InForce
)

func (s Scope) query() url.Values {
	if s == InForce {
		return url.Values{"defaultToGlobal": {"true"}}
	}
	return nil
}

// settingPath is the path of a setting; the empty subject is the global level.
func settingPath(what, subject string) string {
	if subject == "" {
		return what
	}
	return what + "/" + segment(subject)
}

// Config returns a configuration. The empty subject is the global level, ":.ctx:" a context.
func (c *Client) Config(ctx context.Context, subject string, s Scope) (openapi.Config, error) {
	var cfg openapi.Config
	err := c.do(ctx, call{op: "client.Config", method: http.MethodGet, path: settingPath("/config", subject), query: s.query(), into: &cfg})
	return cfg, err
}

// ConfigChange is a change of a configuration: the set fields of Set are stored, the fields named in Clear are cleared, all
// others keep their values. Clear names fields as JSON does, such as "compatibilityGroup".
type ConfigChange struct {
	Set   openapi.Config
	Clear []string
}

// SetConfig changes a configuration and returns all of what is now stored.
func (c *Client) SetConfig(ctx context.Context, subject string, change ConfigChange) (openapi.Config, error) {
	const op = "client.SetConfig"
	body, err := change.body()
	if err != nil {
		return openapi.Config{}, fault.Wrap(ErrBadRequest, op, err, "the configuration cannot be encoded")
	}
	var now openapi.ConfigUpdate
	err = c.do(ctx, call{op: op, method: http.MethodPut, path: settingPath("/config", subject), body: body, into: &now})
	return openapi.Config(now), err
}

func (ch ConfigChange) body() (map[string]json.RawMessage, error) {
	text, err := json.Marshal(openapi.ConfigUpdate(ch.Set))
	if err != nil {
		return nil, err
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, err
	}
	for _, name := range ch.Clear {
		if name == "compatibilityLevel" {
			name = "compatibility"
		}
		fields[name] = json.RawMessage("null")
	}
	return fields, nil
}

// DeleteConfig removes a configuration and returns it.
func (c *Client) DeleteConfig(ctx context.Context, subject string) (openapi.Config, error) {
	var cfg openapi.Config
	err := c.do(ctx, call{op: "client.DeleteConfig", method: http.MethodDelete, path: settingPath("/config", subject), into: &cfg, once: true})
	return cfg, err
}

// Mode returns a mode. The empty subject is the global level, ":.ctx:" a context.
func (c *Client) Mode(ctx context.Context, subject string, s Scope) (string, error) {
	var m openapi.Mode
	err := c.do(ctx, call{op: "client.Mode", method: http.MethodGet, path: settingPath("/mode", subject), query: s.query(), into: &m})
	return m.Mode, err
}

// ModeChange is a new mode; the empty mode clears it. Force enters IMPORT although there are schemas in scope.
type ModeChange struct {
	Mode  string
	Force bool
}

// SetMode sets or clears a mode.
func (c *Client) SetMode(ctx context.Context, subject string, change ModeChange) error {
	body := map[string]*string{"mode": nil}
	if change.Mode != "" {
		body["mode"] = &change.Mode
	}
	var q url.Values
	if change.Force {
		q = url.Values{"force": {"true"}}
	}
	return c.do(ctx, call{op: "client.SetMode", method: http.MethodPut, path: settingPath("/mode", subject), query: q, body: body})
}

// Reach says whether a mode is deleted at one level or also below it.
type Reach uint8

const (
	// ThisLevel deletes one mode.
	ThisLevel Reach = iota
	// AndSubjects also deletes the modes of all subjects of the context.
	AndSubjects
)

// DeleteMode removes a mode and returns it.
func (c *Client) DeleteMode(ctx context.Context, subject string, r Reach) (string, error) {
	var q url.Values
	if r == AndSubjects {
		q = url.Values{"recursive": {"true"}}
	}
	var m openapi.Mode
	err := c.do(ctx, call{op: "client.DeleteMode", method: http.MethodDelete, path: settingPath("/mode", subject), query: q, into: &m, once: true})
	return m.Mode, err
}

// Contexts lists the contexts whose names, such as ".prod", start with a prefix.
func (c *Client) Contexts(ctx context.Context, prefix string) ([]string, error) {
	var names []string
	q := url.Values{}
	if prefix != "" {
		q.Set("contextPrefix", prefix)
	}
	err := c.do(ctx, call{op: "client.Contexts", method: http.MethodGet, path: "/contexts", query: q, into: &names})
	return names, err
}

// DeleteContext removes an empty context.
func (c *Client) DeleteContext(ctx context.Context, name string) error {
	return c.do(ctx, call{op: "client.DeleteContext", method: http.MethodDelete, path: "/contexts/" + segment(name)})
}

// ServerVersion returns the version of the server that answers.
func (c *Client) ServerVersion(ctx context.Context) (openapi.ServerVersion, error) {
	var v openapi.ServerVersion
	err := c.do(ctx, call{op: "client.ServerVersion", method: http.MethodGet, path: "/v1/metadata/version", into: &v})
	return v, err
}
