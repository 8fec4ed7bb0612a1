package openapi

// Association ties a subject to a resource, which is a topic.
type Association struct {
	Subject           string `json:"subject"`
	GUID              string `json:"guid"`
	ResourceName      string `json:"resourceName"`
	ResourceNamespace string `json:"resourceNamespace"`
	ResourceID        string `json:"resourceId"`
	ResourceType      string `json:"resourceType"`
	AssociationType   string `json:"associationType"`  // key or value
	Lifecycle         string `json:"lifecycle"`        // STRONG or WEAK
	Frozen            *bool  `json:"frozen,omitempty"` // nil is true for STRONG and false for WEAK
	Created           int64  `json:"createTs,omitempty"`
	Updated           int64  `json:"updateTs,omitempty"`
}

// AssociationRequest is the body that creates or repeats associations of one resource.
type AssociationRequest struct {
	ResourceName      string              `json:"resourceName"`
	ResourceNamespace string              `json:"resourceNamespace"`
	ResourceID        string              `json:"resourceId,omitempty"`
	ResourceType      string              `json:"resourceType,omitempty"`
	Associations      []AssociationChange `json:"associations"`
}

// AssociationChange is one association of a request.
type AssociationChange struct {
	Subject         string         `json:"subject,omitempty"`
	AssociationType string         `json:"associationType,omitempty"`
	Lifecycle       string         `json:"lifecycle,omitempty"`
	Frozen          *bool          `json:"frozen,omitempty"`
	Schema          *SchemaRequest `json:"schema,omitempty"`
	Normalize       bool           `json:"normalize,omitempty"`
}

// AssociationResponse is a resource with its associations.
type AssociationResponse struct {
	ResourceName      string            `json:"resourceName,omitempty"`
	ResourceNamespace string            `json:"resourceNamespace,omitempty"`
	ResourceID        string            `json:"resourceId,omitempty"`
	ResourceType      string            `json:"resourceType,omitempty"`
	Associations      []AssociationInfo `json:"associations,omitempty"`
}

// AssociationInfo is one association of a response.
type AssociationInfo struct {
	Subject         string  `json:"subject"`
	AssociationType string  `json:"associationType"`
	Lifecycle       string  `json:"lifecycle"`
	Frozen          bool    `json:"frozen"`
	Schema          *Schema `json:"schema,omitempty"`
}

// AssociationBatchGet is the body of /associations:batchGet.
type AssociationBatchGet struct {
	Requests []AssociationQuery `json:"requests"`
}

// AssociationQuery asks for the associations of one resource, by its ID or else by its name.
type AssociationQuery struct {
	ResourceName      string   `json:"resourceName,omitempty"`
	ResourceNamespace string   `json:"resourceNamespace,omitempty"`
	ResourceID        string   `json:"resourceId,omitempty"`
	ResourceType      string   `json:"resourceType,omitempty"`
	AssociationTypes  []string `json:"associationTypes,omitempty"`
	Lifecycle         string   `json:"lifecycle,omitempty"`
}

// AssociationBatchMutate is the body of /associations:batchMutate.
type AssociationBatchMutate struct {
	Requests []AssociationOps `json:"requests"`
}

// AssociationOps is a list of operations on one resource.
type AssociationOps struct {
	ResourceName      string          `json:"resourceName,omitempty"`
	ResourceNamespace string          `json:"resourceNamespace,omitempty"`
	ResourceID        string          `json:"resourceId,omitempty"`
	ResourceType      string          `json:"resourceType,omitempty"`
	Associations      []AssociationOp `json:"associations"`
}

// AssociationOp is one operation: CREATE (the default), UPSERT or DELETE.
type AssociationOp struct {
	OpType           string         `json:"opType,omitempty"`
	CascadeLifecycle bool           `json:"cascadeLifecycle,omitempty"` // DELETE only
	Subject          string         `json:"subject,omitempty"`
	AssociationType  string         `json:"associationType,omitempty"`
	Lifecycle        string         `json:"lifecycle,omitempty"`
	Frozen           *bool          `json:"frozen,omitempty"`
	Schema           *SchemaRequest `json:"schema,omitempty"`
	Normalize        bool           `json:"normalize,omitempty"`
}

// Change returns what a CREATE or UPSERT asks for.
func (o AssociationOp) Change() AssociationChange {
	return AssociationChange{
		Subject: o.Subject, AssociationType: o.AssociationType, Lifecycle: o.Lifecycle, Frozen: o.Frozen, Schema: o.Schema,
		Normalize: o.Normalize,
	}
}

// AssociationBatchResponse answers each request of a batch, in its order.
type AssociationBatchResponse struct {
	Results []AssociationBatchResult `json:"results"`
}

// AssociationBatchResult is a result or an error.
type AssociationBatchResult struct {
	Result *AssociationResponse `json:"result,omitempty"`
	Error  *Error               `json:"error,omitempty"`
}
