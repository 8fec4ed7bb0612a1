package schema

// Unregistered is a schema on its way into a registry.
type Unregistered struct {
	Format     string // Format.Name; empty is the default format
	Text       string
	References []Reference
	Normalize  bool
}

// Registered is a schema as a registry holds it. References belongs to whoever made the value and must not be changed.
type Registered struct {
	Subject    string
	Version    int
	ID         ID
	GUID       string
	Format     string
	Text       string
	References []Reference
}
