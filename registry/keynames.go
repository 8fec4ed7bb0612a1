package registry

import (
	"maps"
	"slices"
	"strings"
)

// The parameters by which rules name the keys that they encrypt with.
const (
	kekNameParam  = "encrypt.kek.name"
	kmsKeyIDParam = "encrypt.kms.key.id"
	kmsTypeParam  = "encrypt.kms.type"
)

const arnPrefix = "arn:"

// withKekNames returns the rules with a kek named for domain rules that only give a key ID, as a registry with keys does
// (Confluent: EncryptionUpdateRequestHandler).
func (s *RuleSet) withKekNames() *RuleSet {
	if s == nil || !slices.ContainsFunc(s.DomainRules, lacksKekName) {
		return s
	}
	out := *s
	out.DomainRules = slices.Clone(s.DomainRules)
	for i, r := range out.DomainRules {
		if lacksKekName(r) {
			out.DomainRules[i].Params = paramsWithKek(r.Params)
		}
	}
	return &out
}

func lacksKekName(r Rule) bool { return r.Params[kmsKeyIDParam] != "" && r.Params[kekNameParam] == "" }

func paramsWithKek(params map[string]string) map[string]string {
	out := maps.Clone(params)
	id, arn := strings.CutPrefix(params[kmsKeyIDParam], arnPrefix)
	out[kekNameParam] = strings.Map(func(c rune) rune {
		if c == '_' || c == '-' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' {
			return c
		}
		return '-'
	}, id)
	if arn && out[kmsTypeParam] == "" {
		out[kmsTypeParam] = "aws-kms"
	}
	return out
}
