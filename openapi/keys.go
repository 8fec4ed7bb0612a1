package openapi

// Kek is a key encryption key: the name of a key that a KMS holds.
type Kek struct {
	Name     string            `json:"name"`
	KMSType  string            `json:"kmsType"`
	KMSKeyID string            `json:"kmsKeyId"`
	KMSProps map[string]string `json:"kmsProps"`
	Doc      string            `json:"doc,omitempty"`
	Shared   bool              `json:"shared"`
	Time     int64             `json:"ts,omitempty"` // milliseconds since the Unix epoch
	Deleted  bool              `json:"deleted,omitempty"`
}

// KekRequest is the body that creates a Kek.
type KekRequest struct {
	Name     string            `json:"name"`
	KMSType  string            `json:"kmsType"`
	KMSKeyID string            `json:"kmsKeyId"`
	KMSProps map[string]string `json:"kmsProps,omitempty"`
	Doc      string            `json:"doc,omitempty"`
	Shared   bool              `json:"shared,omitempty"`
	Deleted  bool              `json:"deleted,omitempty"`
}

// Dek is a version of a data encryption key. Materials are base64.
type Dek struct {
	KekName              string `json:"kekName"`
	Subject              string `json:"subject"`
	Version              int    `json:"version"`
	Algorithm            string `json:"algorithm"`
	EncryptedKeyMaterial string `json:"encryptedKeyMaterial,omitempty"`
	KeyMaterial          string `json:"keyMaterial,omitempty"` // only under a shared kek
	Time                 int64  `json:"ts,omitempty"`
	Deleted              bool   `json:"deleted,omitempty"`
}

// DekRequest is the body that creates a Dek. Nil Version is 1.
type DekRequest struct {
	Subject              string `json:"subject,omitempty"`
	Version              *int   `json:"version,omitempty"`
	Algorithm            string `json:"algorithm,omitempty"`
	EncryptedKeyMaterial string `json:"encryptedKeyMaterial,omitempty"`
	Deleted              bool   `json:"deleted,omitempty"`
}
